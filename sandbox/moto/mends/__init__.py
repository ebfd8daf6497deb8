"""Where moto lacks a call that the stacks need, or answers it otherwise than AWS does: one module for each.

They are mended here, where the state lives, so that every answer agrees: to the call itself, to each Describe call
afterwards, and after a restart of the endpoint in front.
"""

from . import (
    bucket_event_bridge,
    bucket_policy_conditions,
    cache_nodes,
    canonical_parameters,
    database_parameters,
    database_resource_ids,
    endpoint_private_names,
    endpoint_services,
    event_rule_topics,
    filter_wildcards,
    instance_security_groups,
    interface_endpoint_addresses,
    lone_network_interfaces,
    monitoring,
    nat_gateway_interfaces,
    no_public_address,
    performance_insights,
    repeated_termination,
    security_group_rule_descriptions,
    service_specific_credentials,
    session_tokens,
    ssm_associations,
    subnet_addresses,
    termination_protection,
    trail_deletion,
)


def mend_all() -> None:
    bucket_event_bridge.mend()
    bucket_policy_conditions.mend()
    cache_nodes.mend()
    canonical_parameters.mend()
    database_parameters.mend()
    database_resource_ids.mend()
    endpoint_private_names.mend()
    endpoint_services.mend()
    event_rule_topics.mend()
    filter_wildcards.mend()
    instance_security_groups.mend()
    interface_endpoint_addresses.mend()
    lone_network_interfaces.mend()
    monitoring.mend()
    nat_gateway_interfaces.mend()
    no_public_address.mend()
    performance_insights.mend()
    repeated_termination.mend()
    security_group_rule_descriptions.mend()
    service_specific_credentials.mend()
    session_tokens.mend()
    ssm_associations.mend()
    subnet_addresses.mend()
    termination_protection.mend()
    trail_deletion.mend()
