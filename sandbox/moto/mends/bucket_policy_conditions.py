"""Conditions on the connection in a bucket's policy: TLS, and its version.

moto applies a statement whatever its condition says, so a bucket that refuses plain HTTP would refuse everybody. What
comes to the sandbox over loopback stands for a call to AWS, which no client of today's makes without TLS 1.2 or later.
Statements with any other condition apply as in moto: always.
"""

import json

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

CONNECTION = {"aws:securetransport": "true", "s3:tlsversion": "1.2"}
OPERATORS = {
    "Bool": lambda met, wanted: met == wanted.lower(),
    "NumericLessThan": lambda met, wanted: float(met) < float(wanted),
}


def may_apply(statement: dict) -> bool:
    return all(
        is_met(operator, key.lower(), wanted)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def is_met(operator: str, key: str, wanted: "str | list[str]") -> bool:
    if operator not in OPERATORS or key not in CONNECTION:
        return True
    return any(OPERATORS[operator](CONNECTION[key], str(one)) for one in (wanted if isinstance(wanted, list) else [wanted]))


def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    statements = policy["Statement"]
    applied = [one for one in (statements if isinstance(statements, list) else [statements]) if may_apply(one)]
    return IAMPolicy(json.dumps({**policy, "Statement": applied})).is_action_permitted(action, resource)


def mend() -> None:
    FakeBucket.get_permission = get_permission
