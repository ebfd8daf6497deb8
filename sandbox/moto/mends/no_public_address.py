"""A network interface without a public address.

moto then answers with an empty association, where AWS leaves it out. Terraform takes its presence for a public address,
and a second plan would replace the instance.
"""

from moto.ec2.models.elastic_network_interfaces import NetworkInterface


def mend() -> None:
    association = NetworkInterface.association.fget

    NetworkInterface.association = property(lambda self: association(self) or None)
