"""Members that requests of several areas have."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, Field

_ID = r"^[a-z]+_[0-9a-z]+$"
_LONGEST_ID = 40
_LONGEST_NAME = 200
_LONGEST_TEXT = 1_000


def without_null(text: str) -> str:
    """A text that every database can keep; raises `ValueError` for one with a null character."""
    if "\0" in text:
        raise ValueError("must not contain a null character")
    return text


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be the name of a time zone, such as Europe/Amsterdam")
    return ZoneInfo(name).key


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the calendar") from None


RecordId = Annotated[str, Field(pattern=_ID, max_length=_LONGEST_ID)]
IdInPath = Annotated[str, Path(pattern=_ID, max_length=_LONGEST_ID)]
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME, pattern=r"\S"), AfterValidator(without_null)]
Text = Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT, pattern=r"\S"), AfterValidator(without_null)]
TimeZone = Annotated[str, Field(examples=["Europe/Amsterdam"]), AfterValidator(_time_zone)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
