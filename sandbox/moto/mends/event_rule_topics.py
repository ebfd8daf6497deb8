"""Topics as targets of EventBridge's rules: moto stops with "not implemented" at the first event that a rule matches.

The policies of topic and key are not weighed.
"""

import copy
import json
from functools import wraps
from typing import Any

from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp
from moto.events.models import Rule
from moto.sns.models import sns_backends

TOPIC_ARN = "arn:aws:sns:"


def publish(rule: Rule, topic_arn: str, event: Any) -> None:
    message = {**event, "time": iso_8601_datetime_without_milliseconds(utcfromtimestamp(float(event["time"])))}
    sns_backends[rule.account_id][rule.region_name].publish(json.dumps(message), arn=topic_arn)


def mend() -> None:
    original = Rule.send_to_targets

    @wraps(original)
    def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
        if self.state != "ENABLED" or not self.event_pattern.matches_event(original_event):
            return
        topics = [target["Arn"] for target in self.targets if target["Arn"].startswith(TOPIC_ARN)]
        others = copy.copy(self)
        others.targets = [target for target in self.targets if target["Arn"] not in topics]
        original(others, copy.deepcopy(original_event), transform_input)
        for topic_arn in topics:
            publish(self, topic_arn, original_event)

    Rule.send_to_targets = send_to_targets
