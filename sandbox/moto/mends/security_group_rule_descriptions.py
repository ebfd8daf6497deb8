"""The description of a security group rule whose other side is a group or a prefix list.

moto shows only the descriptions of rules with a CIDR (and forgets a prefix list's): a second plan would add the others
again.
"""

from inspect import signature
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule


def description(self: SecurityGroupRule) -> str | None:
    for other_side in (self.ip_range, self.source_group, self.prefix_list):
        if "Description" in other_side:
            return other_side["Description"]
    return None


def mend() -> None:
    make = SecurityGroupRule.__init__
    parameters = signature(make)

    def make_and_remember(self: SecurityGroupRule, *arguments: Any, **named: Any) -> None:
        self.prefix_list = parameters.bind(self, *arguments, **named).arguments.get("prefix_list_id") or {}
        make(self, *arguments, **named)

    SecurityGroupRule.__init__ = make_and_remember
    SecurityGroupRule.description = property(description)
