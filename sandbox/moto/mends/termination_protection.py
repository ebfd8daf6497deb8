"""The termination protection that ec2:RunInstances is told of.

moto forgets it there, and takes it from ModifyInstanceAttribute only: a second plan would set it again.
"""

from functools import wraps

from moto.core.responses import ActionResult
from moto.ec2.responses.instances import InstanceResponse


def mend() -> None:
    run = InstanceResponse.run_instances

    @wraps(run)
    def run_instances(self: InstanceResponse) -> ActionResult:
        answer = run(self)
        for instance in answer.result.instances:
            instance.disable_api_termination = bool(self._get_param("DisableApiTermination"))
        return answer

    InstanceResponse.run_instances = run_instances
