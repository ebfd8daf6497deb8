"""A bucket that tells EventBridge of its changes.

moto keeps that, but does not say so when it is asked: a second plan would switch it on again.
"""

from functools import wraps
from typing import Any

from moto.core.responses import TYPE_RESPONSE, ActionResult
from moto.s3.responses import S3Response


def mend() -> None:
    get = S3Response.get_bucket_notification
    serialize = S3Response.serialized

    @wraps(get)
    def get_bucket_notification(self: S3Response) -> TYPE_RESPONSE:
        configuration = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if not configuration or configuration.event_bridge is None:
            return get(self)

        def serialized(result: Any) -> TYPE_RESPONSE:
            return serialize(self, ActionResult({**result.result, "EventBridgeConfiguration": {}}))

        self.serialized = serialized
        try:
            return get(self)
        finally:
            del self.serialized

    S3Response.get_bucket_notification = get_bucket_notification
