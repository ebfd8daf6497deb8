"""The parameters that somebody has set in a database's parameter group: moto does not say that it was somebody.

Terraform tells its own parameters from RDS's by that; a second plan would set them again.
"""

from functools import wraps
from typing import Any, Iterable

from moto.rds.models import DBParameterGroup


def mend() -> None:
    original = DBParameterGroup.update_parameters

    @wraps(original)
    def update_parameters(self: DBParameterGroup, new_parameters: Iterable[dict[str, Any]]) -> None:
        original(self, [{**parameter, "Source": "user"} for parameter in new_parameters])

    DBParameterGroup.update_parameters = update_parameters
