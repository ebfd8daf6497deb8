"""The security groups of an instance, which are those of its primary network interface.

moto keeps two lists that drift apart: an instance launched with groups for its interface has none itself, and changing
the groups of one (ModifyInstanceAttribute) or of the other (ModifyNetworkInterfaceAttribute, as Terraform does) takes
nothing away.
"""

from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance


def primary_interface(instance: Instance) -> NetworkInterface | None:
    return getattr(instance, "nics", {}).get(0)


def get_groups(instance: Instance) -> list[Any]:
    interface = primary_interface(instance)
    return instance.__dict__.get("launch_groups", []) if interface is None else interface._group_set


def set_groups(instance: Instance, groups: list[Any]) -> None:
    interface = primary_interface(instance)
    if interface is None:
        instance.__dict__["launch_groups"] = groups
    else:
        interface._group_set = list(groups)


def mend() -> None:
    Instance.security_groups = property(get_groups, set_groups)
    NetworkInterface.group_set = property(lambda self: self._group_set)
