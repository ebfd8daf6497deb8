"""iam:ListServiceSpecificCredentials, which moto does not know: nobody has any, since moto makes none either.

Terraform asks for them before it deletes a user with all that the user has.
"""

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse


def list_service_specific_credentials(self: IamResponse) -> ActionResult:
    self.backend.get_user(self._get_param("UserName"))
    return ActionResult({"ServiceSpecificCredentials": []})


def mend() -> None:
    IamResponse.list_service_specific_credentials = list_service_specific_credentials
