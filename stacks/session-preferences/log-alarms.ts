// Alarms on words in the session log.
import { Construct } from "constructs";
import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter/index.js";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";

const METRIC_NAMESPACE = "SessionLog";
const PERIOD_SECONDS = 60;

export interface LogAlarm {
  /** Last part of the alarm's name. */
  readonly name: string;
  /** Rings for any of these; printable ASCII without quotes. */
  readonly words: readonly string[];
}

export interface LogAlarmsProps {
  /** Begins the alarms' names. */
  readonly name: string;
  /** The log that is watched. */
  readonly logGroupName: string;
  /** Which alarms. */
  readonly alarms: readonly LogAlarm[];
  /** Who is told. */
  readonly topicArn: string;
}

/** Each alarm rings in the minute in which one of its words is logged. */
export class LogAlarms extends Construct {
  constructor(scope: Construct, id: string, props: LogAlarmsProps) {
    super(scope, id);
    for (const alarm of props.alarms) this.#alarm(alarm, props);
  }

  #alarm({ name, words }: LogAlarm, { name: prefix, logGroupName, topicArn }: LogAlarmsProps): void {
    const scope = new Construct(this, name);
    const fullName = `${prefix}-${name}`;
    const filter = new CloudwatchLogMetricFilter(scope, "words", {
      name: fullName,
      logGroupName,
      pattern: filterPattern(words),
      metricTransformation: { namespace: METRIC_NAMESPACE, name: fullName, value: "1" },
    });
    new CloudwatchMetricAlarm(scope, "alarm", {
      alarmName: fullName,
      alarmDescription: `A shell showed ${words.join(" or ")}: read log group ${logGroupName}`,
      namespace: METRIC_NAMESPACE,
      metricName: filter.metricTransformation.name,
      statistic: "Sum",
      period: PERIOD_SECONDS,
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      treatMissingData: "notBreaching",
      alarmActions: [topicArn],
    });
  }
}

/**
 * A question mark before each term: any of them.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
function filterPattern(words: readonly string[]): string {
  const terms = words.map((word) => `"${word}"`);
  return terms.length === 1 ? terms.join("") : terms.map((term) => `?${term}`).join(" ");
}
