"""Whether an endpoint has a private name, as ec2:ModifyVpcEndpoint changes it.

moto passes over it there: a plan that switches it would find the same difference again and again.
"""

from functools import wraps

from moto.core.responses import ActionResult
from moto.ec2.responses.vpcs import VPCs


def mend() -> None:
    modify = VPCs.modify_vpc_endpoint

    @wraps(modify)
    def modify_vpc_endpoint(self: VPCs) -> ActionResult:
        answer = modify(self)
        wanted = self._get_param("PrivateDnsEnabled")
        if wanted is not None:
            endpoint = self.ec2_backend.vpc_end_points[self._get_param("VpcEndpointId")]
            endpoint.private_dns_enabled = str(wanted).lower() == "true"
        return answer

    VPCs.modify_vpc_endpoint = modify_vpc_endpoint
