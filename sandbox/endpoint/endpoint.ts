// The one listener of the sandbox: every AWS call and every data channel comes in here, on a loopback port.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import type { MotoAddress } from "../moto/moto.ts";
import type { AccessKey, Caller } from "./access-keys.ts";
import { authenticate } from "./authentication.ts";
import { AwsError, unmodelled } from "./aws-error.ts";
import { readInput, readOperation, readParameters, type Call, type CallOrigin, type OwnAnswer } from "./call.ts";
import { fateOf, type OwnCall } from "./modelled-calls.ts";
import { handOnToMoto } from "./moto-proxy.ts";
import { readAuthorization, type Authorization, type SignedRequest } from "./signature-v4.ts";
import { writeError, writeJson, writeXml, type WireAnswer, type WireProtocol } from "./wire-protocol.ts";

/** Everything behind the listener. */
export interface EndpointOptions {
  readonly clock: Clock;
  readonly moto: MotoAddress;
  /** The one in which the sandbox has services of its own; moto has every Region. */
  readonly region: string;
  readonly findKey: (accessKeyId: string) => Promise<AccessKey | undefined>;
  /** The calls that the sandbox answers itself. */
  readonly ownCalls: Readonly<Record<Exclude<OwnCall, "ssmmessages:OpenDataChannel">, OwnOperation>>;
  /** @throws AwsError as the service refuses, if the caller's policies do not allow the call */
  readonly authorize: (call: Call) => Promise<void>;
  /** Told of each call that moto has done, before its caller hears of it. */
  readonly onDone: (call: Call) => Promise<void> | void;
  /** Told of each call that the sandbox has answered itself, or refused. */
  readonly onAnswered: (call: Call, origin: CallOrigin, outcome: CallOutcome) => void;
  /** Told of an error that no caller has caused. */
  readonly onFault: (error: unknown) => void;
  readonly dataChannels: DataChannels;
}

/** What has come of a call. */
export type CallOutcome = { readonly answer: OwnAnswer } | { readonly error: AwsError };

export type OwnOperation = (call: Call) => Promise<OwnAnswer> | OwnAnswer;

export interface DataChannels {
  /** @throws AwsError if this caller's policies do not let it open this session's data channel */
  authorize(caller: Caller, sessionId: string): Promise<void>;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Far more than any call but an upload to S3, which is not held. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const DATA_CHANNEL = /^\/v1\/data-channel\/([^/?]+)(?:\?|$)/;

/** Listens until it is closed. */
export class EndpointListener {
  readonly url: string;
  readonly #server: Server;
  readonly #options: EndpointOptions;

  private constructor(server: Server, options: EndpointOptions) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.#options = options;
  }

  /**
   * @param port - 0 for any that is free
   * @throws the system's error, e.g. `EADDRINUSE`
   */
  static async listen(port: number, options: EndpointOptions): Promise<EndpointListener> {
    const server = createServer();
    server.listen({ host: "127.0.0.1", port });
    await once(server, "listening");
    const listener = new EndpointListener(server, options);
    server.on("request", (request, response) => void listener.#answer(request, response));
    server.on("upgrade", (request, socket, head) => void listener.#upgrade(request, socket, head));
    return listener;
  }

  /** Data channels are not its own to close. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // An SDK whose clock is wrong reads the right time here, so it must be ours and not this computer's or moto's.
    response.setHeader("date", new Date(this.#options.clock.now()).toUTCString());
    let protocol: WireProtocol = "rest-json";
    const requestId = randomUUID();
    try {
      const { authorization, scope, body } = await receive(request);
      const held = body ?? Buffer.alloc(0);
      const operation = readOperation(scope?.service ?? guessService(request), request, held);
      protocol = operation.protocol;
      const caller = await this.#authenticate(request, authorization, { body: held, protocol });
      const call = {
        ...operation,
        caller,
        region: scope?.region ?? "",
        input: readInput(protocol, held),
        parameters: readParameters(protocol, request, held),
      };
      await this.#perform(call, { request, response, body, requestId });
    } catch (error) {
      // A caller that has gone away in the middle has caused whatever went wrong, and hears no answer.
      if (request.socket.destroyed) response.destroy();
      else this.#refuse(error, { protocol, response, requestId });
    }
  }

  #authenticate(
    request: IncomingMessage,
    authorization: ReturnType<typeof readAuthorization>,
    { body, protocol }: { body: Buffer; protocol: WireProtocol },
  ): Promise<Caller> {
    const { clock, findKey } = this.#options;
    return authenticate({ request: signed(request), authorization, body, protocol, clock, findKey });
  }

  async #perform(call: Call, wire: Wire): Promise<void> {
    const { authorize, onDone, moto } = this.#options;
    const fate = fateOf(call.service, call.name);
    if (fate === "refused") throw unmodelled(`${call.service}:${call.name}`);
    if (fate === "own") return this.#performOwn(call, wire);
    await authorize(call);
    await handOnToMoto({ ...wire, moto, onSuccess: () => onDone(call) });
  }

  async #performOwn(call: Call, { request, response, requestId }: Wire): Promise<void> {
    const { onAnswered } = this.#options;
    const { "user-agent": userAgent = "" } = request.headers;
    const origin = { sourceAddress: request.socket.remoteAddress ?? "", userAgent, requestId };
    try {
      const answer = await this.#ownAnswer(call);
      onAnswered(call, origin, { answer });
      send(response, typeof answer === "string" ? writeXml(200, answer, requestId) : writeJson(200, answer, requestId));
    } catch (error) {
      if (error instanceof AwsError) onAnswered(call, origin, { error });
      throw error;
    }
  }

  async #ownAnswer(call: Call): Promise<OwnAnswer> {
    const { ownCalls, authorize, region } = this.#options;
    const name = `${call.service}:${call.name}`;
    await authorize(call);
    const own = (ownCalls as Partial<Record<string, OwnOperation>>)[name];
    if (own === undefined) throw unmodelled(name);
    if (call.region !== region)
      throw unmodelled(`${name} in ${call.region}, where the sandbox is not but in ${region},`);
    return own(call);
  }

  #refuse(
    error: unknown,
    { protocol, response, requestId }: { protocol: WireProtocol; response: ServerResponse; requestId: string },
  ): void {
    const known = this.#asAwsError(error);
    if (response.headersSent) response.destroy();
    else send(response, writeError(protocol, known, requestId));
  }

  /** The upgrade may be unsigned, as plugins before 2025 send it: then the token alone decides. */
  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy()); // a peer that goes away while we look at its signature
    try {
      const sessionId = sessionIdIn(request.url ?? "");
      const authorization = readAuthorization(signed(request));
      if (authorization !== undefined) {
        const nothing = { body: Buffer.alloc(0), protocol: "rest-json" } as const;
        const caller = await this.#authenticate(request, authorization, nothing);
        await this.#options.dataChannels.authorize(caller, sessionId);
      }
      this.#options.dataChannels.handleUpgrade(request, socket, head);
    } catch (error) {
      this.#refuseUpgrade(this.#asAwsError(error), socket);
    }
  }

  #refuseUpgrade(error: AwsError, socket: Duplex): void {
    const { headers, body } = writeError("rest-json", error, randomUUID());
    const all = {
      ...headers,
      date: new Date(this.#options.clock.now()).toUTCString(),
      "content-length": Buffer.byteLength(body),
      connection: "close",
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    socket.end(`HTTP/1.1 ${error.httpStatus} ${error.code}\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
  }

  #asAwsError(error: unknown): AwsError {
    if (error instanceof AwsError) return error;
    this.#options.onFault(error);
    return new AwsError("InternalFailure", "the sandbox has met an error of its own: see its log", 500);
  }
}

/** Both ends of one call. */
interface Wire {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer | undefined;
  /** Of the answer. */
  readonly requestId: string;
}

/** A request as far as it must be read to know what it asks: S3's bodies, which may be large, are still to come. */
interface Received {
  readonly authorization: ReturnType<typeof readAuthorization>;
  readonly scope: Authorization | undefined;
  readonly body: Buffer | undefined;
}

async function receive(request: IncomingMessage): Promise<Received> {
  const authorization = readAuthorization(signed(request));
  const scope = authorization === "incomplete" ? undefined : authorization;
  return { authorization, scope, body: scope?.service === "s3" ? undefined : await readBody(request) };
}

function signed(request: IncomingMessage): SignedRequest {
  return { method: request.method ?? "GET", target: request.url ?? "/", headers: request.headers };
}

/** @throws AwsError UnmodelledRequest for a path that is no data channel's */
function sessionIdIn(target: string): string {
  const sessionId = DATA_CHANNEL.exec(target)?.[1] ?? "";
  try {
    if (sessionId !== "") return decodeURIComponent(sessionId);
  } catch {
    // a percent sign that begins nothing
  }
  throw unmodelled(`an upgrade of "${target.split("?")[0] ?? ""}"`);
}

/** Of a request without a signature, which is refused in the words of the service that it was likely meant for. */
function guessService(request: IncomingMessage): string {
  if (request.headers["x-amz-target"] !== undefined) return "unknown";
  return request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true ? "sts" : "s3";
}

/** @throws AwsError RequestEntityTooLargeException */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES)
      throw new AwsError("RequestEntityTooLargeException", `The request is larger than ${MAX_BODY_BYTES} bytes.`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { httpStatus, headers, body }: WireAnswer): void {
  response.writeHead(httpStatus, headers);
  response.end(body);
}
