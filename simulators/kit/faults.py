"""Rules that make a vendor misbehave: which fault, on which requests, how often."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

KIT_FAULTS: dict[str, str] = {
    "429": "refuse as rate limited, without telling when to come back",
    "429_with_retry_after": "refuse as rate limited with a Retry-After header (seconds, default 1)",
    "daily_limit": "refuse because the day's calls are used up",
    "500_before_commit": "answer 500 and change nothing",
    "500_after_commit": "do the work, then answer 500",
    "timeout_before_commit": "change nothing, keep silent for seconds (default 60), then drop the connection",
    "timeout_after_commit": "do the work, keep silent for seconds (default 60), then drop the connection",
    "reset_before_commit": "change nothing and reset the TCP connection",
    "reset_after_commit": "do the work and reset the TCP connection",
    "reset_mid_body": "do the work, send half of the body, then cut the connection",
    "truncated_json": "do the work and answer a body that ends in the middle, with a matching length",
    "html_200": "answer 200 with an HTML page and change nothing",
    "html_200_after_commit": "do the work, then answer 200 with an HTML page",
    "token_expired": "forget the current access tokens and refuse this call as expired",
    "unsorted_page": "give the items of a page in another order than asked",
    "slow": "wait seconds (default 1) before doing the work",
}

_RESERVED = frozenset({"fault", "when", "method", "path"})


class FaultRuleError(ValueError):
    """A rule that cannot be used; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class FiredFault:
    """A fault to act out on one request, with the parameters of its rule."""

    name: str
    params: dict[str, Any]

    def seconds(self, default: float) -> float:
        """The rule's ``seconds``, or the default."""
        return float(self.params.get("seconds", default))


@dataclass(slots=True)
class FaultRule:
    """One rule with its own counter and, for ``random``, its own seeded generator."""

    fault: str
    when: Any
    method: str | None
    path: re.Pattern[str] | None
    params: dict[str, Any]
    matched: int = 0
    fired: int = 0
    generator: random.Random = field(default_factory=random.Random)

    @classmethod
    def parse(cls, rule: dict[str, Any], known: frozenset[str]) -> FaultRule:
        """Read a rule sent to the control interface.

        Raises:
            FaultRuleError: unknown fault, unusable ``when`` or ``path``.
        """
        fault = rule.get("fault")
        if fault not in known:
            raise FaultRuleError(f"Fault {fault!r} is unknown; known are {', '.join(sorted(known))}.")
        when = rule.get("when", "always")
        _check_when(when)
        try:
            pattern = re.compile(rule["path"]) if rule.get("path") else None
        except re.error as error:
            raise FaultRuleError(f"Path {rule['path']!r} is no regular expression: {error}.") from error
        method = rule.get("method")
        seed = when.get("seed", 0) if isinstance(when, dict) else 0
        return cls(
            fault=str(fault),
            when=when,
            method=str(method).upper() if method else None,
            path=pattern,
            params={name: value for name, value in rule.items() if name not in _RESERVED},
            generator=random.Random(seed),
        )

    def fires(self, method: str, target: str) -> bool:
        """Count a request that the rule is about, and say whether the fault happens on it."""
        if self.method is not None and self.method != method:
            return False
        if self.path is not None and self.path.search(target) is None:
            return False
        self.matched += 1
        happens = self._happens()
        self.fired += happens
        return happens

    def _happens(self) -> bool:
        if self.when == "always":
            return True
        if self.when == "once":
            return self.matched == 1
        if "times" in self.when:
            return self.matched <= int(self.when["times"])
        if "every" in self.when:
            return self.matched % int(self.when["every"]) == 0
        return self.generator.random() < float(self.when["random"])

    def as_json(self) -> dict[str, Any]:
        """The rule with its counters."""
        return {
            "fault": self.fault,
            "when": self.when,
            "method": self.method,
            "path": self.path.pattern if self.path else None,
            **self.params,
            "matched": self.matched,
            "fired": self.fired,
        }


class FaultPlan:
    """The rules in force. The first rule that fires wins; later rules do not count that request."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.rules: list[FaultRule] = []

    def replace(self, rules: list[dict[str, Any]]) -> None:
        """Put these rules in force instead of the present ones.

        Raises:
            FaultRuleError: one of them cannot be used; the present rules stay.
        """
        self.rules = [FaultRule.parse(rule, self.known) for rule in rules]

    def next_fault(self, method: str, target: str) -> FiredFault | None:
        """The fault for this request, if any."""
        for rule in self.rules:
            if rule.fires(method, target):
                return FiredFault(rule.fault, rule.params)
        return None

    def clear(self) -> None:
        """Remove all rules."""
        self.rules = []


def _check_when(when: Any) -> None:
    if when in ("once", "always"):
        return
    if isinstance(when, dict):
        for name in ("every", "times"):
            number = when.get(name)
            if isinstance(number, int) and number >= 1:
                return
        if "random" in when and 0 <= float(when["random"]) <= 1:
            return
    raise FaultRuleError(
        f'When {when!r} is not understood; use "once", "always", {{"every": 3}}, {{"times": 2}} '
        f'or {{"random": 0.05, "seed": 7}}.'
    )
