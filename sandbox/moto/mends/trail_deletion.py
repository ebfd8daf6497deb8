"""Deleting a trail by its ARN, as Terraform does: moto says that it is done, and keeps the trail."""

from moto.cloudtrail.models import CloudTrailBackend


def delete_trail(self: CloudTrailBackend, name: str) -> None:
    del self.trails[self.get_trail(name).trail_name]


def mend() -> None:
    CloudTrailBackend.delete_trail = delete_trail
