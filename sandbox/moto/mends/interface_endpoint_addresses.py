"""The network interfaces of interface endpoints: addresses of their subnet, and the endpoint's security groups.

moto gives them an address from anywhere in 10.0.0.0/8 and no group, so neither a rule for the subnet's CIDR nor the
number of free addresses in a small subnet would mean anything.
"""

from functools import wraps
from typing import Any

from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint


def settle_in_subnet(endpoint: VPCEndPoint) -> None:
    backend = endpoint.ec2_backend
    for interface_id in endpoint.network_interface_ids:
        interface = backend.enis[interface_id]
        address = interface.subnet.get_available_subnet_ip(interface)
        interface.private_ip_address = address
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
        interface.interface_type = "vpc_endpoint"
        interface.requester_managed = True
        interface._group_set = [backend.get_security_group_from_id(id) for id in endpoint.security_group_ids]


def leave_subnet(endpoint: VPCEndPoint) -> None:
    for interface_id in endpoint.network_interface_ids:
        interface = endpoint.ec2_backend.enis.get(interface_id)
        if interface is not None:
            interface.subnet.del_subnet_ip(interface.private_ip_address)


def mend() -> None:
    create, delete = VPCBackend.create_vpc_endpoint, VPCBackend.delete_vpc_endpoints

    @wraps(create)
    def create_vpc_endpoint(self: Any, *arguments: Any, **named: Any) -> VPCEndPoint:
        endpoint = create(self, *arguments, **named)
        settle_in_subnet(endpoint)
        return endpoint

    @wraps(delete)
    def delete_vpc_endpoints(self: Any, vpce_ids: list[str] | None = None) -> None:
        for endpoint_id in vpce_ids or []:
            if endpoint_id in self.vpc_end_points:
                leave_subnet(self.vpc_end_points[endpoint_id])
        delete(self, vpce_ids)

    VPCBackend.create_vpc_endpoint = create_vpc_endpoint
    VPCBackend.delete_vpc_endpoints = delete_vpc_endpoints
