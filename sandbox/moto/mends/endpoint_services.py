"""ec2:DescribeVpcEndpointServices, without the services that the sandbox does not install.

moto loads eleven of its services whole to ask each for its endpoint, and fails if one of them lacks a package. The two
that a VPC has gateway endpoints for are enough; all the others are on a list that needs no loading.
"""

from moto.ec2.models import vpcs


def mend() -> None:
    vpcs.IMPLEMENTED_ENDPOINT_SERVICES[:] = ["dynamodb", "s3"]
