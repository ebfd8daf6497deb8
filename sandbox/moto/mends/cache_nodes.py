"""The nodes of ElastiCache's clusters: moto has no endpoint for them, no security groups, and no members of groups.

A cluster's endpoint, where it stands and who is let in to it would then be known to nobody.
"""

import inspect
from typing import Any

from moto.elasticache.models import CacheCluster, ElastiCacheBackend, ReplicationGroup

_make_cluster = CacheCluster.__init__
_make_group = ElastiCacheBackend.create_replication_group
MEMCACHED_PORT = 11211
REDIS_PORT = 6379
DOMAIN_LABEL = "a1b2c3"


def make_cluster(self: CacheCluster, **kwargs: Any) -> None:
    _make_cluster(self, **kwargs)
    is_memcached = self.engine == "memcached"
    self.port = kwargs["port"] or (MEMCACHED_PORT if is_memcached else REDIS_PORT)
    self.replication_group_id = kwargs["replication_group_id"]
    self.num_cache_nodes = getattr(self, "num_cache_nodes", 1)  # moto forgets it for Valkey
    self.cache_nodes = [cache_node(self, f"{index + 1:04}") for index in range(self.num_cache_nodes)]
    if is_memcached:
        self.configuration_endpoint = endpoint(self, "cfg")
    self.security_groups = [
        {"security_group_id": group_id, "status": "active"} for group_id in self.security_group_ids
    ]


def cache_node(cluster: CacheCluster, number: str) -> dict[str, Any]:
    return {
        "cache_node_id": number,
        "cache_node_status": "available",
        "endpoint": endpoint(cluster, number),
    }


def endpoint(cluster: CacheCluster, label: str) -> dict[str, Any]:
    return {
        "address": f"{cluster.cache_cluster_id}.{DOMAIN_LABEL}.{label}.use1.cache.amazonaws.com",
        "port": cluster.port,
    }


def make_group(self: ElastiCacheBackend, **kwargs: Any) -> ReplicationGroup:
    group = _make_group(self, **kwargs)
    for node_group in group.node_groups:
        if "reader_endpoint_address" in node_group:
            address = node_group["reader_endpoint_address"]
            node_group["reader_endpoint"] = {"address": address, "port": group.port}
    for cluster_id in group.member_clusters:
        self.cache_clusters[cluster_id] = member(self, cluster_id, kwargs)
    return group


def member(backend: ElastiCacheBackend, cluster_id: str, group: dict[str, Any]) -> CacheCluster:
    """One of a group's clusters: what the group was made with, as far as a cluster has it too."""
    names = [name for name in inspect.signature(_make_cluster).parameters if name != "self"]
    own = {
        "account_id": backend.account_id,
        "region_name": backend.region_name,
        "cache_cluster_id": cluster_id,
    }
    return CacheCluster(**{name: own.get(name, group.get(name)) for name in names})


def mend() -> None:
    CacheCluster.__init__ = make_cluster
    ElastiCacheBackend.create_replication_group = make_group
