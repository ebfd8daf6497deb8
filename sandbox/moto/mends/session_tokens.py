"""sts:GetSessionToken, with a key, secret and token of its own for each call; they are the calling user's until they expire.

moto answers everybody with the same made-up key, which nobody could sign with.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.iam.models import AccessKey, User, iam_backends
from moto.sts.exceptions import STSClientError
from moto.sts.models import STSBackend
from moto.sts.responses import TokenResponse
from moto.sts.utils import random_session_token

DEFAULT_DURATION_SECONDS = 43_200


@dataclass(frozen=True)
class UserSession:
    user: User
    access_key: AccessKey
    session_token: str
    expiration: datetime


SESSIONS: dict[str, UserSession] = {}


def get_session_token(self: TokenResponse) -> ActionResult:
    backend = iam_backends[DEFAULT_ACCOUNT_ID][self.partition]
    user = backend.get_user_from_access_key_id(self.get_access_key())
    if user is None:
        raise STSClientError("AccessDenied", "Cannot call GetSessionToken with session credentials")
    duration = timedelta(seconds=self._get_int_param("DurationSeconds", DEFAULT_DURATION_SECONDS))
    session = UserSession(
        user=user,
        access_key=AccessKey(user_name=None, prefix="ASIA", account_id=DEFAULT_ACCOUNT_ID),
        session_token=random_session_token(),
        expiration=utcnow() + duration,
    )
    SESSIONS[session.access_key.access_key_id] = session
    return ActionResult(
        {
            "Credentials": {
                "AccessKeyId": session.access_key.access_key_id,
                "SecretAccessKey": session.access_key.secret_access_key,
                "SessionToken": session.session_token,
                "Expiration": session.expiration,
            }
        }
    )


def mend() -> None:
    identify = STSBackend.get_caller_identity

    @wraps(identify)
    def get_caller_identity(self: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
        session = SESSIONS.get(access_key_id)
        if session is None:
            return identify(self, access_key_id, region)
        return session.user.id, session.user.arn, DEFAULT_ACCOUNT_ID

    STSBackend.get_caller_identity = get_caller_identity
    TokenResponse.get_session_token = get_session_token
