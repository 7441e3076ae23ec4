"""The company's time zone as a setting: plain dates of the vendor begin and end there."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name} is not a time zone; write it as Europe/Amsterdam") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known)]
"""A name such as Europe/Amsterdam."""
