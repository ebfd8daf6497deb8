"""Associations of State Manager, which moto has none of: they are kept as Terraform makes, reads, changes and deletes them.

Nothing carries them out: no instance runs their documents, and their status stays as it is made.
"""

from functools import wraps
from typing import Any
from uuid import uuid4

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ssm.exceptions import SSMException
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

SETTINGS = [
    "Name",
    "DocumentVersion",
    "InstanceId",
    "Parameters",
    "Targets",
    "ScheduleExpression",
    "OutputLocation",
    "AssociationName",
    "AutomationTargetParameterName",
    "MaxErrors",
    "MaxConcurrency",
    "ComplianceSeverity",
    "SyncCompliance",
    "ApplyOnlyAtCronInterval",
]
SHOWN_IN_LISTS = [
    "Name",
    "AssociationId",
    "AssociationVersion",
    "Targets",
    "Overview",
    "ScheduleExpression",
    "AssociationName",
]


class AssociationDoesNotExist(SSMException):
    code = 400

    def __init__(self) -> None:
        super().__init__("AssociationDoesNotExist", "The specified association does not exist.")


def associations(backend: SimpleSystemManagerBackend) -> dict[str, dict[str, Any]]:
    """Kept with the backend, so that they go when it is reset."""
    return backend.__dict__.setdefault("sandbox_associations", {})


def find(request: SimpleSystemManagerResponse) -> dict[str, Any]:
    association = associations(request.ssm_backend).get(request._get_param("AssociationId"))
    if association is None:
        raise AssociationDoesNotExist()
    return association


def asked(request: SimpleSystemManagerResponse) -> dict[str, Any]:
    """Only what the request names; an association has no settings of its own but its document's version."""
    settings = {name: request._get_param(name) for name in SETTINGS}
    return {name: value for name, value in settings.items() if value is not None}


def create_association(self: SimpleSystemManagerResponse) -> ActionResult:
    association = {
        "AssociationId": str(uuid4()),
        "AssociationVersion": "1",
        "Date": utcnow(),
        "LastUpdateAssociationDate": utcnow(),
        "Overview": {"Status": "Pending", "DetailedStatus": "Creating"},
        "DocumentVersion": "$DEFAULT",
        "ApplyOnlyAtCronInterval": False,
        **asked(self),
    }
    associations(self.ssm_backend)[association["AssociationId"]] = association
    tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags") or []}
    if tags:
        self.ssm_backend.add_tags_to_resource("Association", association["AssociationId"], tags)
    return ActionResult({"AssociationDescription": association})


def describe_association(self: SimpleSystemManagerResponse) -> ActionResult:
    return ActionResult({"AssociationDescription": find(self)})


def update_association(self: SimpleSystemManagerResponse) -> ActionResult:
    """What the request does not name is gone afterwards, but for the document and what identifies the association."""
    association = find(self)
    kept = {name: value for name, value in association.items() if name not in SETTINGS or name == "Name"}
    version = str(int(association["AssociationVersion"]) + 1)
    changed = {"LastUpdateAssociationDate": utcnow(), "AssociationVersion": version}
    defaults = {"DocumentVersion": "$DEFAULT", "ApplyOnlyAtCronInterval": False}
    association.clear()
    association.update({**kept, **defaults, **changed, **asked(self)})
    return ActionResult({"AssociationDescription": association})


def delete_association(self: SimpleSystemManagerResponse) -> EmptyResult:
    association_id = find(self)["AssociationId"]
    del associations(self.ssm_backend)[association_id]
    self.ssm_backend._resource_tags["Association"].pop(association_id, None)
    return EmptyResult()


def list_associations(self: SimpleSystemManagerResponse) -> ActionResult:
    shown = [
        {name: value for name, value in association.items() if name in SHOWN_IN_LISTS}
        for association in associations(self.ssm_backend).values()
    ]
    return ActionResult({"Associations": shown})


def mend() -> None:
    for call in [
        create_association,
        describe_association,
        update_association,
        delete_association,
        list_associations,
    ]:
        setattr(SimpleSystemManagerResponse, call.__name__, call)
    validate = SimpleSystemManagerBackend._validate_resource_type_and_id

    @wraps(validate)
    def validate_type_and_id(self: SimpleSystemManagerBackend, resource_type: str, resource_id: str) -> str:
        if resource_type == "Association" and resource_id in associations(self):
            return resource_id
        return validate(self, resource_type, resource_id)

    SimpleSystemManagerBackend._validate_resource_type_and_id = validate_type_and_id
