"""ec2:MonitorInstances and UnmonitorInstances, which moto answers with "not implemented".

Terraform calls the first for each instance with detailed monitoring, also when it has just started it so.
"""

from moto.core.responses import ActionResult
from moto.ec2.responses.monitoring import Monitoring


def monitor_instances(self: Monitoring) -> ActionResult:
    return set_monitoring(self, lasting="enabled", answered="pending")


def unmonitor_instances(self: Monitoring) -> ActionResult:
    return set_monitoring(self, lasting="disabled", answered="disabling")


def set_monitoring(request: Monitoring, lasting: str, answered: str) -> ActionResult:
    request.error_on_dryrun()
    instances = [request.ec2_backend.get_instance(id) for id in request._get_param("InstanceIds", [])]
    for instance in instances:
        instance.monitoring_state = lasting
    return ActionResult(
        {
            "InstanceMonitorings": [
                {"InstanceId": instance.id, "Monitoring": {"State": answered}} for instance in instances
            ]
        }
    )


def mend() -> None:
    Monitoring.monitor_instances = monitor_instances
    Monitoring.unmonitor_instances = unmonitor_instances
