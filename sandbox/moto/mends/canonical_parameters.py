"""Canonical's public parameters that name the current Ubuntu images, and those images.

moto has Amazon's parameters and, as images, only Ubuntu 14.04 and 16.04. The ids are made up from the names: real ones
change with every build and Region.
"""

from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ssm.models import Parameter, ParameterDict

PREFIX = "/aws/service/canonical/ubuntu/server"
CANONICAL_ACCOUNT_ID = "099720109477"


@dataclass(frozen=True)
class UbuntuImage:
    release: str
    codename: str
    volume_type: str
    architecture: str

    @property
    def parameter_name(self) -> str:
        return f"{PREFIX}/{self.release}/stable/current/{self.architecture}/hvm/ebs-{self.volume_type}/ami-id"

    @property
    def image_name(self) -> str:
        storage = "hvm-ssd" if self.volume_type == "gp2" else f"hvm-ssd-{self.volume_type}"
        return f"ubuntu/images/{storage}/ubuntu-{self.codename}-{self.release}-{self.architecture}-server-20260601"

    @property
    def image_id(self) -> str:
        return f"ami-{sha256(self.image_name.encode()).hexdigest()[:17]}"


IMAGES = [
    UbuntuImage(release, codename, volume_type, architecture)
    for release, codename, volume_type in [("22.04", "jammy", "gp2"), ("24.04", "noble", "gp3")]
    for architecture in ["amd64", "arm64"]
]


def parameter(image: UbuntuImage, account_id: str) -> Parameter:
    return Parameter(
        account_id=account_id,
        name=image.parameter_name,
        value=image.image_id,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=utcnow(),
        version=1,
        data_type="aws:ec2:image",
    )


def machine_image(image: UbuntuImage, backend: Any) -> Ami:
    return Ami(
        backend,
        image.image_id,
        name=image.image_name,
        description=f"Canonical, Ubuntu, {image.release}, {image.architecture} {image.codename} image",
        owner_id=CANONICAL_ACCOUNT_ID,
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture="x86_64" if image.architecture == "amd64" else image.architecture,
        image_location=f"amazon/{image.image_name}",
        hypervisor="xen",
        root_device_type="ebs",
        region_name=backend.region_name,
    )


def mend() -> None:
    load_parameters, load_images = ParameterDict._check_loading_status, AmiBackend._load_amis

    @wraps(load_parameters)
    def check_loading_status(self: ParameterDict, key: str) -> None:
        load_parameters(self, key)
        for image in IMAGES if str(key or "").startswith(PREFIX) else []:
            if not dict.__contains__(self, image.parameter_name):
                dict.__setitem__(self, image.parameter_name, [parameter(image, self.account_id)])

    @wraps(load_images)
    def load_all_images(self: Any) -> None:
        load_images(self)
        for image in IMAGES:
            self.amis[image.image_id] = machine_image(image, self)

    ParameterDict._check_loading_status = check_loading_status
    AmiBackend._load_amis = load_all_images
