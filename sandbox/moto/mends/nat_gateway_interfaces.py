"""The network interface of a NAT gateway: an address of its subnet, and gone with the gateway.

moto gives it an address from anywhere in 10.0.0.0/8, and keeps it, with the public address that is associated with it.
"""

from functools import wraps
from typing import Any

from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend


def settle_in_subnet(gateway: NatGateway) -> None:
    interface = gateway._eni
    address = interface.subnet.get_available_subnet_ip(interface)
    gateway.private_ip = interface.private_ip_address = address
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    interface.interface_type = "nat_gateway"
    interface.requester_managed = True
    interface._group_set = []
    for each in gateway.address_set:
        each["privateIp"] = address


def mend() -> None:
    create, delete = NatGatewayBackend.create_nat_gateway, NatGatewayBackend.delete_nat_gateway

    @wraps(create)
    def create_nat_gateway(self: Any, *arguments: Any, **named: Any) -> NatGateway:
        gateway = create(self, *arguments, **named)
        settle_in_subnet(gateway)
        return gateway

    @wraps(delete)
    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> NatGateway:
        gateway = delete(self, nat_gateway_id)
        interface = gateway._eni
        for address in [each for each in self.addresses if each.eni is interface]:
            self.disassociate_address(association_id=address.association_id)
        if interface.id in self.enis:
            self.delete_network_interface(interface.id)
        return gateway

    NatGatewayBackend.create_nat_gateway = create_nat_gateway
    NatGatewayBackend.delete_nat_gateway = delete_nat_gateway
