"""What moto knows of an access key: its secret, which AWS's own services use to check a signature, and whose it is."""

from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import User, iam_backends
from moto.sts.models import sts_backends

from mends.session_tokens import SESSIONS

PARTITION = "aws"


def describe_access_key(access_key_id: str) -> dict[str, Any] | None:
    """The key of an IAM user, of a user's session or of an assumed role; None if moto has issued no such key."""
    return (
        describe_user_key(access_key_id) or describe_session_key(access_key_id) or describe_role_key(access_key_id)
    )


def describe_user_key(access_key_id: str) -> dict[str, Any] | None:
    for user in list(iam_backends[DEFAULT_ACCOUNT_ID][PARTITION].users.values()):
        for key in user.access_keys:
            if key.access_key_id == access_key_id:
                return {
                    "secretAccessKey": key.secret_access_key,
                    "isActive": key.status == "Active",
                    "principal": describe_user(user),
                }
    return None


def describe_session_key(access_key_id: str) -> dict[str, Any] | None:
    session = SESSIONS.get(access_key_id)
    if session is None:
        return None
    return {
        "secretAccessKey": session.access_key.secret_access_key,
        "isActive": True,
        "sessionToken": session.session_token,
        "expirationMs": round(session.expiration.timestamp() * 1000),
        "principal": describe_user(session.user),
    }


def describe_user(user: User) -> dict[str, str]:
    return {"type": "User", "name": user.name, "arn": user.arn, "userId": user.id}


def describe_role_key(access_key_id: str) -> dict[str, Any] | None:
    role = sts_backends[DEFAULT_ACCOUNT_ID][PARTITION].get_assumed_role_from_access_key(access_key_id)
    if role is None:
        return None
    return {
        "secretAccessKey": role.secret_access_key,
        "isActive": True,
        "sessionToken": role.session_token,
        "expirationMs": round(role.expiration.timestamp() * 1000),
        "principal": {
            "type": "AssumedRole",
            "name": role.role_arn.rsplit("/", 1)[-1],
            "arn": role.arn,
            "userId": role.user_id,
        },
    }
