"""A small vendor for the kit's own tests."""

from __future__ import annotations

from typing import Any, ClassVar

from simulators.kit import Simulator, VendorAnswer, VendorRequest


class Counter(Simulator):
    """A vendor whose every call adds one."""

    name: ClassVar[str] = "counter"
    vendor_faults: ClassVar[dict[str, str]] = {"backwards": "count down once"}
    default_settings: ClassVar[dict[str, Any]] = {"greeting": "hello", "limits": {"GET": 150, "POST": 100}}

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    async def answer(self, request: VendorRequest) -> VendorAnswer:
        self.count += -1 if request.fault_is("backwards") else 1
        return VendorAnswer.json(200, {"count": self.count, "greeting": self.settings["greeting"] * 50})

    def error_answer(self, kind: str) -> VendorAnswer:
        return VendorAnswer.json({"500": 500, "token_expired": 401}.get(kind, 429), {"error": kind})

    def state(self) -> dict[str, Any]:
        return {"count": self.count}

    def load(self, body: dict[str, Any]) -> dict[str, Any]:
        self.count = body["count"]
        return {"count": 1}

    def clear_records(self) -> None:
        self.count = 0
