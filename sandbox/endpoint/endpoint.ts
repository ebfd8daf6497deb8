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
import { readInput, readOperation, readParameters, type Call, type Operation, type OwnAnswer } from "./call.ts";
import { fateOf, type OwnCall } from "./modelled-calls.ts";
import { handOnToMoto } from "./moto-proxy.ts";
import { readAuthorization, type SignedRequest } from "./signature-v4.ts";
import { writeError, writeJson, writeXml, type WireAnswer } from "./wire-protocol.ts";

/** Everything behind the listener. */
export interface EndpointOptions {
  readonly clock: Clock;
  readonly moto: MotoAddress;
  readonly findKey: (accessKeyId: string) => Promise<AccessKey | undefined>;
  /** The calls that the sandbox answers itself. */
  readonly ownCalls: Readonly<Record<Exclude<OwnCall, "ssmmessages:OpenDataChannel">, OwnOperation>>;
  /** @throws AwsError as the service refuses, if the caller's policies do not allow the call */
  readonly authorize: (call: Call) => Promise<void>;
  /** Told of each call that moto has done, before its caller hears of it. */
  readonly onDone: (call: Call) => Promise<void> | void;
  /** Told of an error that no caller has caused. */
  readonly onFault: (error: unknown) => void;
  readonly dataChannels: DataChannels;
}

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
    let operation: Operation = { service: "unknown", name: "unknown", protocol: "rest-json" };
    try {
      const authorization = readAuthorization(signed(request));
      const scope = authorization === undefined || authorization === "incomplete" ? undefined : authorization;
      const isStreamed = scope?.service === "s3";
      const body = isStreamed ? Buffer.alloc(0) : await readBody(request);
      operation = readOperation(scope?.service ?? guessService(request), request, body);
      const { protocol } = operation;
      const { clock, findKey } = this.#options;
      const caller = await authenticate({ request: signed(request), authorization, body, protocol, clock, findKey });
      const call = {
        ...operation,
        caller,
        input: readInput(protocol, body),
        parameters: readParameters(protocol, request, body),
      };
      await this.#perform(call, { request, response, body: isStreamed ? undefined : body });
    } catch (error) {
      this.#refuse(error, operation, response);
    }
  }

  async #perform(
    call: Call,
    wire: { request: IncomingMessage; response: ServerResponse; body: Buffer | undefined },
  ): Promise<void> {
    const { ownCalls, authorize, onDone, moto } = this.#options;
    const name = `${call.service}:${call.name}`;
    const fate = fateOf(call.service, call.name);
    if (fate === "refused") throw unmodelled(name);
    await authorize(call);
    if (fate === "moto") return handOnToMoto({ ...wire, moto, onSuccess: () => onDone(call) });
    const own = (ownCalls as Partial<Record<string, OwnOperation>>)[name];
    if (own === undefined) throw unmodelled(name);
    const answer = await own(call);
    const requestId = randomUUID();
    send(
      wire.response,
      typeof answer === "string" ? writeXml(200, answer, requestId) : writeJson(200, answer, requestId),
    );
  }

  #refuse(error: unknown, { protocol }: Operation, response: ServerResponse): void {
    const known = this.#asAwsError(error);
    if (response.headersSent) response.destroy();
    else send(response, writeError(protocol, known, randomUUID()));
  }

  /** The upgrade may be unsigned, as plugins before 2025 send it: then the token alone decides. */
  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy()); // a peer that goes away while we look at its signature
    try {
      const sessionId = DATA_CHANNEL.exec(request.url ?? "")?.[1];
      if (sessionId === undefined) throw unmodelled(`upgrade of ${request.url?.split("?")[0] ?? ""}`);
      const authorization = readAuthorization(signed(request));
      if (authorization !== undefined) {
        const { clock, findKey, dataChannels } = this.#options;
        const body = Buffer.alloc(0);
        const protocol = "rest-json";
        const caller = await authenticate({ request: signed(request), authorization, body, protocol, clock, findKey });
        await dataChannels.authorize(caller, decodeURIComponent(sessionId));
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

function signed(request: IncomingMessage): SignedRequest {
  return { method: request.method ?? "GET", target: request.url ?? "/", headers: request.headers };
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
