"""The description of a security group rule whose other side is a group or a prefix list.

moto keeps it, but shows only the descriptions of rules with a CIDR: a second plan would add the others again.
"""

from moto.ec2.models.security_groups import SecurityGroupRule


def description(self: SecurityGroupRule) -> str | None:
    for other_side in (self.ip_range, self.source_group, self.prefix_list_id):
        if isinstance(other_side, dict) and "Description" in other_side:
            return other_side["Description"]
    return None


def mend() -> None:
    SecurityGroupRule.description = property(description)
