// EventBridge: hands CloudTrail's events to the rules of moto's default bus, as AWS does where a trail is logging.
import { DescribeTrailsCommand, GetTrailStatusCommand, type CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { CloudTrailEvent } from "./cloud-trail-event.ts";

export interface EventBusOptions {
  readonly cloudTrail: CloudTrailClient;
  readonly eventBridge: EventBridgeClient;
  /** Told of an event that could not be delivered. */
  readonly onFault: (error: unknown) => void;
}

/** Delivers in the background, one event after the other: who called waits for nothing, on AWS minutes less than the event. */
export class EventBus {
  readonly #options: EventBusOptions;
  #delivery: Promise<void> = Promise.resolve();

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  publish(event: CloudTrailEvent): void {
    this.#delivery = this.#delivery.then(() => this.#deliver(event)).catch(this.#options.onFault);
  }

  /** Resolves when all that was published has been delivered. */
  settled(): Promise<void> {
    return this.#delivery;
  }

  async #deliver(event: CloudTrailEvent): Promise<void> {
    if (!(await this.#isLogged())) return;
    const entry = {
      Source: `aws.${event.eventSource.split(".")[0] ?? ""}`,
      DetailType: "AWS API Call via CloudTrail",
      Detail: JSON.stringify(event),
    };
    await this.#options.eventBridge.send(new PutEventsCommand({ Entries: [entry] }));
  }

  /** Without a trail that is logging, EventBridge gets none of CloudTrail's events. */
  async #isLogged(): Promise<boolean> {
    const { cloudTrail } = this.#options;
    const { trailList = [] } = await cloudTrail.send(new DescribeTrailsCommand({}));
    for (const { TrailARN: Name } of trailList) {
      const { IsLogging } = await cloudTrail.send(new GetTrailStatusCommand({ Name }));
      if (IsLogging === true) return true;
    }
    return false;
  }
}
