// CloudTrail's event history, as far as it is about who reaches an instance.
import type { Clock } from "../../session-manager/clock.ts";
import { AwsError, unmodelled, UNMODELLED_STATUS } from "../endpoint/aws-error.ts";
import type { Call, CallOrigin } from "../endpoint/call.ts";
import type { CallOutcome } from "../endpoint/endpoint.ts";
import { cloudTrailEvent, userNameOf, type CloudTrailEvent } from "./cloud-trail-event.ts";
import { page } from "./ssm-input.ts";

export interface CloudTrailOptions {
  readonly clock: Clock;
  /** Told of each event, as EventBridge is. */
  readonly onEvent: (event: CloudTrailEvent) => void;
}

interface Entry {
  readonly event: CloudTrailEvent;
  readonly userName: string;
}

/** The calls that are recorded. */
const RECORDED = [
  "ec2-instance-connect:SendSSHPublicKey",
  "ssm:ResumeSession",
  "ssm:StartSession",
  "ssm:TerminateSession",
];
/** The oldest are forgotten first; AWS keeps them for 90 days. */
const MAX_EVENTS = 2_000;
const MAX_PAGE = 50;
/** The service's quota, for each account and Region. */
const LOOKUPS_PER_SECOND = 2;

/** Records what it is told of; AWS shows an event some minutes later, the sandbox at once. */
export class CloudTrail {
  readonly #options: CloudTrailOptions;
  /** The oldest first. */
  readonly #entries: Entry[] = [];
  /** When the last lookups were. */
  #lookupsMs: readonly number[] = [];

  constructor(options: CloudTrailOptions) {
    this.#options = options;
  }

  /** Keeps the call if it is one of those that say who reaches an instance; refused ones too. */
  record(call: Call, origin: CallOrigin, outcome: CallOutcome): void {
    const isOurs = "error" in outcome && outcome.error.httpStatus === UNMODELLED_STATUS; // no service of AWS's says that
    if (isOurs || !RECORDED.includes(`${call.service}:${call.name}`)) return;
    const event = cloudTrailEvent(call, origin, outcome, this.#options.clock.now());
    this.#entries.push({ event, userName: userNameOf(call.caller) });
    this.#entries.splice(0, this.#entries.length - MAX_EVENTS);
    this.#options.onEvent(event);
  }

  /**
   * The newest first.
   *
   * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
   * @throws AwsError InvalidTimeRangeException, InvalidLookupAttributesException, ThrottlingException
   */
  lookupEvents({ input }: Call): object {
    this.#throttle();
    const [startMs, endMs] = [timeOf(input["StartTime"], 0), timeOf(input["EndTime"], Infinity)];
    if (startMs > endMs) throw new AwsError("InvalidTimeRangeException", "The start time must precede the end time.");
    const matches = attributeTest(input["LookupAttributes"]);
    const found = this.#entries.filter((entry) => {
      const eventMs = Date.parse(entry.event.eventTime);
      return eventMs >= startMs && eventMs <= endMs && matches(entry);
    });
    const { items, nextToken } = page(found.reverse(), input, MAX_PAGE);
    return { Events: items.map(shown), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
  }

  #throttle(): void {
    const nowMs = this.#options.clock.now();
    const recent = this.#lookupsMs.filter((thenMs) => nowMs - thenMs < 1_000);
    if (recent.length >= LOOKUPS_PER_SECOND) throw new AwsError("ThrottlingException", "Rate exceeded");
    this.#lookupsMs = [...recent, nowMs];
  }
}

/** The API writes times as seconds since 1970. */
function timeOf(seconds: unknown, otherwise: number): number {
  return typeof seconds === "number" ? seconds * 1_000 : otherwise;
}

function attributeTest(attributes: unknown): (entry: Entry) => boolean {
  const [attribute, second] = Array.isArray(attributes) ? (attributes as Record<string, unknown>[]) : [];
  if (second !== undefined)
    throw new AwsError("InvalidLookupAttributesException", "Only one lookup attribute may be specified.");
  if (attribute === undefined) return () => true;
  const value = String(attribute["AttributeValue"]);
  switch (attribute["AttributeKey"]) {
    case "EventId":
      return ({ event }) => event.eventID === value;
    case "EventName":
      return ({ event }) => event.eventName === value;
    case "EventSource":
      return ({ event }) => event.eventSource === value;
    case "Username":
      return ({ userName }) => userName === value;
    default:
      throw unmodelled(`cloudtrail:LookupEvents by "${String(attribute["AttributeKey"])}"`);
  }
}

function shown({ event, userName }: Entry): object {
  return {
    EventId: event.eventID,
    EventName: event.eventName,
    EventSource: event.eventSource,
    EventTime: Date.parse(event.eventTime) / 1_000,
    ReadOnly: String(event.readOnly),
    Username: userName,
    Resources: [],
    CloudTrailEvent: JSON.stringify(event),
  };
}
