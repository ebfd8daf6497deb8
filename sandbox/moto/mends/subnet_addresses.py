"""The addresses of a subnet: given back when an instance is terminated, and an error of EC2's own when there are no more.

moto keeps the network interface that it made for an instance, unless it was asked not to, where EC2 deletes it with the
instance unless asked not to; and an address too many is an internal error.
"""

from functools import wraps
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet


class InsufficientFreeAddresses(EC2ClientError):
    def __init__(self, subnet_id: str):
        super().__init__(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet_id}' to satisfy the requested number of instances.",
        )


def mend() -> None:
    prepare, take = Instance.prep_nics, Subnet.get_available_subnet_ip

    @wraps(prepare)
    def prep_nics(self: Instance, nic_spec: list[dict[str, Any]], *arguments: Any, **named: Any) -> None:
        asked = {int(spec["DeviceIndex"]): dict(spec) for spec in nic_spec}
        prepare(self, nic_spec, *arguments, **named)
        for index, interface in self.nics.items():
            spec = asked.get(index, {})
            if "NetworkInterfaceId" not in spec:
                interface.delete_on_termination = spec.get("DeleteOnTermination", True) is True

    @wraps(take)
    def get_available_subnet_ip(self: Subnet, instance: Any) -> str:
        try:
            return take(self, instance)
        except StopIteration:
            raise InsufficientFreeAddresses(self.id) from None

    Instance.prep_nics = prep_nics
    Subnet.get_available_subnet_ip = get_available_subnet_ip
