"""ec2:TerminateInstances of an instance that is terminated already, which EC2 takes for done.

moto would delete its network interfaces once more, and not find them.
"""

import copy
from functools import wraps
from typing import Any

from moto.ec2.models.instances import Instance


def mend() -> None:
    terminate = Instance.terminate

    @wraps(terminate)
    def terminate_once(self: Instance) -> Any:
        return copy.copy(self._state) if self.state == "terminated" else terminate(self)

    Instance.terminate = terminate_once
