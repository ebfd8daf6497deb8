// Who has reached which instance: CloudTrail's event history, and the sessions that Session Manager remembers.
import { CloudTrailClient, LookupEventsCommand, type Event } from "@aws-sdk/client-cloudtrail";
import { DescribeSessionsCommand, SSMClient, type Session, type SessionState } from "@aws-sdk/client-ssm";
import { type Clock, sleep } from "../../session-manager/clock.ts";
import { ACCESS_CALLS, type AuditPorts, type RememberedSession } from "../command/audit-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";
import { readCloudTrailEvent } from "./cloud-trail-event.ts";

/** CloudTrail answers two lookups a second, to the whole account; a little slower leaves others a chance. */
const LOOKUP_INTERVAL_MS = 550;
/** Others ask too, so that some of our lookups come to nothing at first. */
const LOOKUP_ATTEMPTS = 8;
const LOOKUP_PAGE = 50;

/** The needs that CloudTrail and Systems Manager meet. */
export function auditPorts(settings: ClientSettings): AuditPorts {
  const cloudTrail = new CloudTrailClient({ ...clientConfiguration(settings), maxAttempts: LOOKUP_ATTEMPTS });
  const ssm = new SSMClient(clientConfiguration(settings));
  settings.logCalls(cloudTrail.middlewareStack);
  settings.logCalls(ssm.middlewareStack);
  return {
    async recordedCalls(sinceMs, signal) {
      const events = await calling("cloudtrail:LookupEvents", undefined, settings, () =>
        lookUp(cloudTrail, { sinceMs, clock: settings.clock, signal }),
      );
      return events.map(readCloudTrailEvent).filter((call) => call !== undefined);
    },
    rememberedSessions: (sinceMs) =>
      calling("ssm:DescribeSessions", undefined, settings, async () => {
        // One that ends in between would be in neither list if the other one were read first.
        const active = await describe(ssm, "Active", sinceMs);
        const sessions = [...active, ...(await describe(ssm, "History", sinceMs))].map(toSession);
        return [...new Map(sessions.map((session) => [session.sessionId, session])).values()];
      }),
  };
}

interface Lookup {
  readonly sinceMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** By the calls' names, one after the other: a lookup takes one criterion, and the sources have thousands of other events. */
async function lookUp(client: CloudTrailClient, { sinceMs, clock, signal }: Lookup): Promise<Event[]> {
  const nextTurn = turns(clock, signal);
  const StartTime = new Date(sinceMs);
  // An event of the meantime can move an older one to the next page, and so into the list a second time.
  const found = new Map<string | undefined, Event>();
  for (const AttributeValue of ACCESS_CALLS) {
    const LookupAttributes = [{ AttributeKey: "EventName" as const, AttributeValue }];
    const events = await allPages(async (NextToken) => {
      await nextTurn();
      const command = new LookupEventsCommand({ StartTime, LookupAttributes, MaxResults: LOOKUP_PAGE, NextToken });
      const { Events = [], NextToken: next } = await client.send(command, { abortSignal: signal });
      return { items: Events, next };
    });
    for (const event of events) found.set(event.EventId, event);
  }
  return [...found.values()];
}

function describe(client: SSMClient, State: SessionState, sinceMs: number): Promise<Session[]> {
  const Filters = [{ key: "InvokedAfter" as const, value: new Date(sinceMs).toISOString() }];
  return allPages(async (NextToken) => {
    const { Sessions = [], NextToken: next } = await client.send(
      new DescribeSessionsCommand({ State, Filters, NextToken }),
    );
    return { items: Sessions, next };
  });
}

async function allPages<Item>(
  read: (token: string | undefined) => Promise<{ items: Item[]; next: string | undefined }>,
): Promise<Item[]> {
  const all: Item[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await read(token);
    all.push(...items);
    token = next;
  } while (token !== undefined && token !== "");
  return all;
}

/** Resolves as often as it is called, at intervals. */
function turns(clock: Clock, signal: AbortSignal): () => Promise<void> {
  let nextMs = -Infinity;
  return async () => {
    const waitMs = nextMs - clock.now();
    if (waitMs > 0) await sleep(waitMs, clock, signal);
    nextMs = clock.now() + LOOKUP_INTERVAL_MS;
  };
}

function toSession(session: Session): RememberedSession {
  const { SessionId = "", Target = "", Owner = "", StartDate, EndDate, DocumentName = "", Reason } = session;
  return {
    sessionId: SessionId,
    target: Target,
    owner: Owner,
    startMs: StartDate?.getTime() ?? 0,
    endMs: EndDate?.getTime(),
    documentName: DocumentName,
    reason: Reason === "" ? undefined : Reason,
  };
}
