// Hands a request on to moto, and its answer back, without holding more of either than it must.
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { SECRET_HEADER, type MotoAddress } from "../moto/moto.ts";
import { AwsError } from "./aws-error.ts";

export interface HandOnOptions {
  readonly moto: MotoAddress;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The body where it has been read already; undefined where it is still to come, and is passed on as it comes. */
  readonly body: Buffer | undefined;
  /** Called when moto has said yes, before the caller learns of it. */
  readonly onSuccess: () => Promise<void> | void;
}

/** They concern one connection only, or, as the date, are ours to set. */
const NOT_HANDED_ON = new Set(["connection", "keep-alive", "transfer-encoding", "expect", "date", "server", "upgrade"]);

/** What we say to moto ourselves, and nobody else may. */
const OURS = "x-sandbox-";

/**
 * Resolves when the answer is through.
 *
 * @throws AwsError ServiceUnavailable if moto does not answer
 */
export async function handOnToMoto({ moto, request, response, body, onSuccess }: HandOnOptions): Promise<void> {
  const answer = await send({ moto, request, body });
  const httpStatus = answer.statusCode ?? 500;
  if (httpStatus < 300) await onSuccess();
  response.writeHead(httpStatus, kept(answer));
  await pipeline(answer, response);
}

function send(options: Pick<HandOnOptions, "moto" | "request" | "body">): Promise<IncomingMessage> {
  const { moto, request, body } = options;
  return new Promise((resolve, reject) => {
    const upstream = httpRequest(`${moto.url}${request.url ?? "/"}`, {
      method: request.method,
      // A relative URL such as "//bucket" must stay as it is: it has been signed so.
      path: request.url,
      headers: { ...kept(request), ...lengthOf(request, body), [SECRET_HEADER]: moto.secret },
      agent: false,
    });
    upstream.once("response", resolve);
    upstream.once("error", () => {
      reject(new AwsError("ServiceUnavailable", "moto, which stands behind the sandbox, does not answer", 503));
    });
    if (body === undefined)
      pipeline(request, upstream).catch(() => undefined); // both ends have their own listeners
    else upstream.end(body);
  });
}

function kept(message: IncomingMessage): Record<string, string | string[] | undefined> {
  const headers = Object.entries(message.headers);
  return Object.fromEntries(headers.filter(([name]) => !NOT_HANDED_ON.has(name) && !name.startsWith(OURS)));
}

/** A body of unknown length goes on in chunks, as it came. */
function lengthOf(request: IncomingMessage, body: Buffer | undefined): Record<string, string> {
  if (body !== undefined) return { "content-length": String(body.length) };
  return request.headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" };
}
