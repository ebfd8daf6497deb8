"""Network interfaces that are made by themselves: with a free address of their subnet, and detached when their instance ends.

moto gives them any address of the subnet's block, be it reserved or in use, and never takes it back; and one that stays
when its instance is terminated stays attached to it, so that nobody can delete it.
"""

from functools import wraps
from typing import Any

from moto.ec2.models.elastic_network_interfaces import (
    NetworkInterface,
    NetworkInterfaceBackend,
)
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet


def detach(interface: NetworkInterface) -> None:
    """Not by Instance.detach_eni: moto reads the addresses of a terminated instance from its interfaces."""
    interface.instance = interface.attachment_id = interface.attach_time = None
    interface.status = "available"


def mend() -> None:
    create = NetworkInterfaceBackend.create_network_interface
    delete = NetworkInterfaceBackend.delete_network_interface
    terminate = Instance.terminate

    @wraps(create)
    def create_network_interface(
        self: Any, subnet: Any, private_ip_address: Any, *arguments: Any, **named: Any
    ) -> NetworkInterface:
        asked = private_ip_address or named.get("private_ip_addresses") or (arguments and arguments[0])
        if asked or not isinstance(subnet, Subnet):
            return create(self, subnet, private_ip_address, *arguments, **named)
        address = subnet.get_available_subnet_ip(None)
        return create(self, subnet, address, *arguments, **named)

    @wraps(delete)
    def delete_network_interface(self: Any, eni_id: str) -> None:
        interface = self.enis.get(eni_id)
        delete(self, eni_id)
        for address in interface.private_ip_addresses:
            interface.subnet.del_subnet_ip(address["PrivateIpAddress"])

    @wraps(terminate)
    def terminate_and_detach(self: Instance) -> Any:
        previous_state = terminate(self)
        for interface in self.nics.values():
            if interface.id in self.ec2_backend.enis:
                detach(interface)
        return previous_state

    NetworkInterfaceBackend.create_network_interface = create_network_interface
    NetworkInterfaceBackend.delete_network_interface = delete_network_interface
    Instance.terminate = terminate_and_detach
