"""The wildcards of EC2's filters: * for any text, ? for one character, and a backslash before each that means itself.

moto reads brackets as wildcards too, and a backslash only before a star or a question mark.
"""

import re

from moto.ec2 import utils
from moto.ec2.models import tags

WILDCARDS = {"*": ".*", "?": "."}


def filter_to_regular_expression(text: str) -> str:
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    translated = (WILDCARDS.get(part, re.escape(part[-1] if len(part) == 2 else part)) for part in parts)
    return f"(?s:{''.join(translated)})\\Z"


def mend() -> None:
    utils.simple_aws_filter_to_re = filter_to_regular_expression
    tags.simple_aws_filter_to_re = filter_to_regular_expression
