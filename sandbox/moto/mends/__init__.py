"""Where moto lacks a call that the stacks need, or answers it otherwise than AWS does: one module for each.

They are mended here, where the state lives, so that every answer agrees: to the call itself, to each Describe call
afterwards, and after a restart of the endpoint in front.
"""

from . import (
    canonical_parameters,
    endpoint_services,
    instance_security_groups,
    interface_endpoint_addresses,
    monitoring,
    no_public_address,
    security_group_rule_descriptions,
    subnet_addresses,
    termination_protection,
)


def mend_all() -> None:
    canonical_parameters.mend()
    endpoint_services.mend()
    instance_security_groups.mend()
    interface_endpoint_addresses.mend()
    monitoring.mend()
    no_public_address.mend()
    security_group_rule_descriptions.mend()
    subnet_addresses.mend()
    termination_protection.mend()
