"""Performance Insights of a database, and the key of what they keep: moto forgets both.

A second plan would switch them on again.
"""

from functools import wraps
from typing import Any

from moto.rds.models import DBInstance

RETENTION_DAYS = 7


def mend() -> None:
    original = DBInstance.__init__

    @wraps(original)
    def create(
        self: DBInstance,
        *args: Any,
        enable_performance_insights: bool = False,
        performance_insights_kms_key_id: "str | None" = None,
        performance_insights_retention_period: int = RETENTION_DAYS,
        **kwargs: Any,
    ) -> None:
        original(self, *args, **kwargs)
        # By the names of ModifyDBInstance, which sets them as attributes.
        self.enable_performance_insights = enable_performance_insights
        self.performance_insights_kms_key_id = performance_insights_kms_key_id
        self.performance_insights_retention_period = performance_insights_retention_period

    DBInstance.__init__ = create
    DBInstance.performance_insights_enabled = property(lambda self: self.enable_performance_insights)
