"""The id by which policies name a database: moto gives the same one to all.

A policy that allows rds-db:connect to one instance would then allow it to every other.
"""

import hashlib
from typing import Any

from moto.rds.models import DBInstance

_original = DBInstance.__init__
ID_LETTERS = 26


def create(self: DBInstance, *args: Any, **kwargs: Any) -> None:
    _original(self, *args, **kwargs)
    digest = hashlib.sha256(f"{self.db_instance_identifier} {self.created}".encode()).hexdigest()
    self.dbi_resource_id = f"db-{digest.upper()[:ID_LETTERS]}"


def mend() -> None:
    DBInstance.__init__ = create
