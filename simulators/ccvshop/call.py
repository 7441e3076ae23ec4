"""What a handler gets to work with, and how it names addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulators.ccvshop.refusal import Refusal, invalid, missing
from simulators.ccvshop.shop import Record, Shop
from simulators.kit import VendorRequest

PREFIX = "/api/rest/v1"
Reply = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the shop and that webhooks may be told about."""

    name: str
    record: Record
    details: Record = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One authorised request on its way through a handler.

    Attributes:
        ids: the numbers in the path, in their order.
        events: filled by the handler with what happened.
    """

    shop: Shop
    request: VendorRequest
    settings: dict[str, Any]
    now: datetime
    ids: tuple[int, ...]
    events: list[Event] = field(default_factory=list)

    def href(self, *parts: str | int) -> str:
        """The absolute address of a resource, with a trailing slash."""
        return "/".join([self.request.base_url + PREFIX, *(str(part) for part in parts)]) + "/"

    def body(self) -> Any:
        """The request's JSON.

        Raises:
            Refusal: 400, the body is no JSON.
        """
        try:
            return self.request.json()
        except ValueError:
            raise invalid("The body is no valid JSON.") from None

    def found(self, kind: str) -> Record:
        """The record that the first number in the path names.

        Raises:
            Refusal: 404.
        """
        record = self.shop.collection(kind).get(self.ids[0])
        if record is None:
            raise missing(kind, self.ids[0])
        return record

    def need_b2b(self) -> None:
        """Answer 500.90 while the shop has no app for business customers, switch ``b2b_installed``.

        Raises:
            Refusal: 500.90.
        """
        if not self.settings["b2b_installed"]:
            raise Refusal(500, "500.90", "The B2B app is not installed.")

    def refuse_if_unchanged(self, unchanged: bool) -> None:
        """Answer 500.50 to a write that changes nothing, if the switch ``refuse_unchanged`` says so.

        Raises:
            Refusal: 500.50.
        """
        if unchanged and self.settings["refuse_unchanged"]:
            raise Refusal(500, "500.50", "The value is the same as before.")


Handler = Callable[[Call], Reply]
