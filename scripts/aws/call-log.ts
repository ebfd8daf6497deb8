// Logs every call to AWS for --debug: operation, request id, time, retries. Parameters stay out, since some are secret.
import type { MiddlewareStack } from "@smithy/types";
import type { Clock } from "../../session-manager/clock.ts";
import type { Reporter } from "../command/reporter.ts";

interface Metadata {
  readonly requestId?: string | undefined;
  readonly attempts?: number | undefined;
  readonly httpStatusCode?: number | undefined;
}

/** Adds the log to the middleware of a client of the SDK. */
export type LogCalls = <Input extends object, Output extends object>(stack: MiddlewareStack<Input, Output>) => void;

/** The log of one command. */
export function callLog(reporter: Pick<Reporter, "debug">, clock: Clock): LogCalls {
  return (stack) => {
    stack.add(
      (next, context) => async (args) => {
        const startMs = clock.now();
        const name = operationName(context.clientName, context.commandName);
        const log = (outcome: string, metadata: Metadata | undefined): void => {
          reporter.debug(`${name}: ${outcome} after ${clock.now() - startMs} ms${details(metadata)}`);
        };
        try {
          const result = await next(args);
          log("answered", (result.output as { readonly $metadata?: Metadata }).$metadata);
          return result;
        } catch (error) {
          log(error instanceof Error ? error.name : "failed", metadataOf(error));
          throw error;
        }
      },
      { step: "initialize", name: "callLog", priority: "high" },
    );
  };
}

/** `EC2Client`, `DescribeInstancesCommand` -> `EC2 DescribeInstances`. */
function operationName(clientName: unknown, commandName: unknown): string {
  return `${String(clientName).replace(/Client$/, "")} ${String(commandName).replace(/Command$/, "")}`;
}

function details(metadata: Metadata | undefined): string {
  const parts = [
    metadata?.httpStatusCode === undefined ? undefined : `HTTP ${metadata.httpStatusCode}`,
    metadata?.requestId === undefined ? undefined : `request id ${metadata.requestId}`,
    (metadata?.attempts ?? 1) > 1 ? `${String(metadata?.attempts)} attempts` : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function metadataOf(error: unknown): Metadata | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  return error.$metadata as Metadata;
}
