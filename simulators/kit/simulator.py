"""The base of every vendor simulator."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar

from simulators.kit.clock import Clock
from simulators.kit.exchange import VendorAnswer, VendorRequest
from simulators.kit.faults import KIT_FAULTS


class ControlError(ValueError):
    """A request to the control interface that cannot be carried out; the text says why."""


def check_parts(names: Collection[str], known: Collection[str]) -> None:
    """Refuse names that no part of the state has.

    Raises:
        ControlError: naming the unknown parts and the known ones.
    """
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ControlError(f"The state has no {', '.join(unknown)}; there are {', '.join(sorted(known))}.")


class Simulator(ABC):
    """One vendor account with all its state in memory.

    A subclass names itself, lists the faults it acts out beyond the kit's, and answers requests. It must not await
    between reading and changing its state, so that each request is one indivisible step.

    Attributes:
        name: the vendor, one word.
        vendor_faults: further fault names with a sentence each; they reach ``answer`` through ``request.fault``.
        default_settings: the switches and their values after a reset.
    """

    name: ClassVar[str]
    vendor_faults: ClassVar[dict[str, str]] = {}
    default_settings: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        self.clock = Clock()
        self.settings: dict[str, Any] = copy.deepcopy(self.default_settings)

    @abstractmethod
    async def answer(self, request: VendorRequest) -> VendorAnswer:
        """Serve one request as the vendor would: authorisation, limits, validation, work."""

    @abstractmethod
    def error_answer(self, kind: str) -> VendorAnswer:
        """The vendor's own error for ``429``, ``daily_limit``, ``500`` or ``token_expired``.

        The kit adds the Retry-After header where a rule asks for it.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything stored, JSON-ready; amounts are Decimal and leave as exact JSON numbers."""

    @abstractmethod
    def load(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take in records as if they had always been there; returns counts.

        Raises:
            ControlError: the body is not understood.
        """

    @abstractmethod
    def clear_records(self) -> None:
        """Forget every record and counter of the vendor's own; part of ``reset``."""

    def state_of(self, names: Collection[str]) -> dict[str, Any]:
        """Only the named parts of ``state``; a vendor with many records gathers no others.

        Raises:
            ControlError: the state has no part of that name.
        """
        state = self.state()
        check_parts(names, state)
        return {name: state[name] for name in names}

    def record(self, kind: str, record_id: str) -> dict[str, Any]:
        """One stored record as ``state`` shows it.

        Raises:
            KeyError: no such kind or record.
        """
        raise KeyError(f"{self.name} shows no records of kind {kind!r} one by one ({record_id}).")

    def patch_record(self, kind: str, record_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change a stored record as the merchant would in the vendor's own screens; returns the record.

        Raises:
            KeyError: no such kind or record.
        """
        raise KeyError(f"{self.name} has no records of kind {kind!r} to change ({record_id}, {sorted(changes)}).")

    def delete_record(self, kind: str, record_id: str) -> None:
        """Remove a stored record as the merchant would.

        Raises:
            KeyError: no such kind or record.
        """
        raise KeyError(f"{self.name} has no records of kind {kind!r} to delete ({record_id}).")

    def forget_tokens(self) -> None:  # noqa: B027 - vendors without access tokens have nothing to forget
        """Make every access token given out so far invalid."""

    async def close(self) -> None:  # noqa: B027 - only simulators that call out have something to stop
        """Stop whatever runs beside the answers; called when the host goes down."""

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Change switches; mappings are merged one level deep, everything else is replaced.

        Raises:
            ControlError: a name is unknown.
        """
        unknown = sorted(set(changes) - set(self.default_settings))
        if unknown:
            raise ControlError(
                f"Setting {', '.join(unknown)} is unknown; known are {', '.join(sorted(self.default_settings))}."
            )
        for name, value in changes.items():
            present = self.settings.get(name)
            self.settings[name] = (
                {**present, **value} if isinstance(present, dict) and isinstance(value, dict) else value
            )

    def reset(self) -> None:
        """Return to the first moment: no records, default settings, the machine's time."""
        self.clock.reset()
        self.settings = copy.deepcopy(self.default_settings)
        self.clear_records()

    @classmethod
    def known_faults(cls) -> dict[str, str]:
        """Every fault name this simulator acts out, with a sentence each."""
        return {**KIT_FAULTS, **cls.vendor_faults}
