"""One request to a vendor and the vendor's answer, free of any web framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulators.kit import exactjson

if TYPE_CHECKING:
    from simulators.kit.faults import FiredFault


@dataclass(slots=True)
class VendorRequest:
    """A request as the vendor's host sees it.

    Attributes:
        method: in capitals.
        path: percent-decoded path.
        raw_target: path and query exactly as sent.
        query: decoded pairs in the order sent.
        headers: names in lower case; repeated headers joined with a comma.
        body: the exact bytes sent.
        base_url: scheme and host the client used, without a trailing slash.
        fault: a fault the simulator itself must act out, set when a rule of that name fired.
    """

    method: str
    path: str
    raw_target: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    base_url: str
    fault: FiredFault | None = None

    def json(self) -> Any:
        """The body parsed as JSON, fractions as Decimal.

        Raises:
            ValueError: the body is no JSON.
        """
        return exactjson.loads(self.body)

    def fault_is(self, name: str) -> bool:
        """Whether a rule asked for this fault on this request."""
        return self.fault is not None and self.fault.name == name


@dataclass(slots=True)
class VendorAnswer:
    """What goes back: status, exact bytes, headers (names in lower case)."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(
        cls, status: int, value: Any, *, headers: dict[str, str] | None = None, escape_slashes: bool = False
    ) -> VendorAnswer:
        """An answer with an exact JSON body."""
        body = exactjson.dumps(value, escape_slashes=escape_slashes).encode("ascii")
        return cls(status, body, {"content-type": "application/json", **(headers or {})})

    @classmethod
    def text(cls, status: int, text: str, content_type: str = "text/plain; charset=utf-8") -> VendorAnswer:
        """An answer with a text body, for example an HTML page."""
        return cls(status, text.encode("utf-8"), {"content-type": content_type})
