"""Which record of the target is meant, and what of it differs from what the mapping wants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from activities.record_view import View
from activities.vendors import OpenRecordFlow
from commerce.problems import Problem, ProblemCode
from connectors.record_flow import ProductFlowSettings, RecordFlow
from connectors.records import Comparing, Existing, RecordKind, RecordTarget
from store import BindingRecord, ItemRecord

Hasher = Callable[[str], str]

SENT = "sent"
"""In a binding's details: target field → keyed hash of the value last written."""
KEY = "key"
"""In a binding's details: keyed hash of what the record was found by."""
SHARES = "shares"
"""In a binding's details: set when the target's record is first of all another source record's."""
_SHORT = 16


@dataclass(frozen=True)
class Opposite:
    """The flow that goes the other way between the same two accounts, and what it wrote on our source records."""

    flow_id: str
    settings: RecordFlow
    bindings: Mapping[str, BindingRecord]
    """By source id of this flow: the opposite flow's target is our source."""
    writing: frozenset[str] = frozenset()
    """Ids of our target: what the opposite flow is sending of these at the moment is in no binding yet."""

    def echoes(self, flow: OpenRecordFlow, view: View, hasher: Hasher) -> frozenset[str]:
        """Target fields whose rules read only what the opposite flow itself wrote and nobody changed since."""
        binding = self.bindings.get(view.record.source_id)
        if binding is None:
            return frozenset()
        sent: Mapping[str, str] = binding.details.get(SENT, {})
        untouched: set[str] = set()
        changed: set[str] = set()
        for field, digest in sent.items():
            stands = value_hash(member(view.record.raw, field), hasher) == digest
            (untouched if stands else changed).update(_tops(self.settings.rules.reads(field)))
        if binding.removed and not view.fields.get("active", True):
            # It was taken away for our own target's record: that is no news for it.
            untouched.add("active")
            changed.discard("active")
        rules = flow.settings.rules
        reads = {field: _tops(rules.reads(field)) for field in rules.targets}
        return frozenset(
            field for field, names in reads.items() if _meet(names, untouched) and not _meet(names, changed)
        )


def _meet(names: frozenset[str], others: set[str]) -> bool:
    """Whether two sets of names have a fact in common; a whole holds each of its parts."""
    return any(f"{one}.".startswith(f"{two}.") or f"{two}.".startswith(f"{one}.") for one in names for two in others)


def _tops(names: frozenset[str]) -> frozenset[str]:
    """What makes two names the same fact: a price is one, whether with or without tax."""
    return frozenset("price" if name.startswith("price_") else name for name in names)


def member(body: Mapping[str, Any], path: str) -> Any:
    """A member of nested objects by its dotted path; None when there is none."""
    found: Any = body
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def value_hash(value: Any, hasher: Hasher) -> str:
    """A short keyed hash of a value, equal for equal values however they are written."""
    return hasher(plain(value))[:_SHORT]


def plain(value: Any) -> str:
    """A value as text, equal for equal values: 1.50 is 1.5, and nothing is the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        number = Decimal(value)
        return "0" if number == 0 else f"{number.normalize():f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}={plain(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(plain(part) for part in value) + "]"
    return str(value).strip()


def differing(target: RecordTarget, existing: Existing, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that the target does not hold."""
    if isinstance(target, Comparing):
        return {
            name: value for name, value in wanted.items() if not target.same(name, existing.values.get(name), value)
        }
    return {name: value for name, value in wanted.items() if plain(existing.values.get(name)) != plain(value)}


def identity_problem(
    flow: OpenRecordFlow,
    view: View,
    binding: BindingRecord | None,
    others: tuple[BindingRecord, ...],
    hasher: Hasher,
) -> Problem | None:
    """Why the record found may be the wrong one: it belongs to another source record, or its name has changed."""
    record, key = view.record, view.key.text
    taken = [other for other in others if other.source_key != record.source_id and not other.removed]
    if taken and not flow.target_side.shared:
        return Problem(
            code=ProblemCode.AMBIGUOUS_MATCH,
            field=str(flow.settings.identifier),
            value=key,
            sentence=(
                f"Record {record.reference}: the target's record {taken[0].target_number or taken[0].target_id} is "
                f"already that of source record {taken[0].source_key}. Two records share {key}; give one of them "
                "another, then retry."
            ),
        )
    common = flow.settings.common
    asks = isinstance(common, ProductFlowSettings) and not common.accept_renames
    if asks and binding is not None and not same_key(binding, view, hasher):
        return Problem(
            code=ProblemCode.RENAMED,
            field=str(flow.settings.identifier),
            value=key,
            sentence=(
                f"Article {record.reference} (source id {record.source_id}) was called {binding.target_number} when it "
                "was last sent. If it was renamed on purpose, set “Follow a changed SKU”; if two articles were "
                "swapped, correct them at the source."
            ),
        )
    return None


def owner_of(flow: OpenRecordFlow, view: View, others: Sequence[BindingRecord]) -> BindingRecord | None:
    """The customer that the target's customer is already, when ours has the same e-mail address.

    Its data counts: the target's record would else be overwritten by turns.
    """
    if flow.kind is not RecordKind.CUSTOMERS:
        return None
    owners = (other for other in others if not other.removed and not other.details.get(SHARES))
    return next((other for other in owners if other.source_key != view.record.source_id), None)


def shared_warning(item: ItemRecord, found: Existing, owner: BindingRecord) -> str:
    """What a person is told of two customers that are one at the target."""
    return (
        f"Warning: {item.reference} has the same e-mail address as source record {owner.source_key}, so both are "
        f"customer {found.number or found.target_id} at the target, with the data of source record {owner.source_key}. "
        "Make them one at the source, or give one of them another address."
    )


def first_of(bindings: Sequence[BindingRecord]) -> BindingRecord:
    """Of the bindings to one target record, the one whose data is there."""
    return next((binding for binding in bindings if not binding.details.get(SHARES)), bindings[0])


def key_hash(view: View, hasher: Hasher) -> str:
    """What to remember of what a record is looked for by."""
    return hasher(view.key.text)[:_SHORT]


def same_key(binding: BindingRecord, view: View, hasher: Hasher) -> bool:
    """Whether a record is still looked for by what it was found by when it was bound."""
    return binding.details.get(KEY, "") in {"", key_hash(view, hasher)}


def binding_of(
    flow: OpenRecordFlow,
    view: View,
    target_id: str,
    number: str,
    *,
    content_hash: str,
    sent: Mapping[str, str],
    hasher: Hasher,
) -> BindingRecord:
    """What to remember of a record after it was written or found equal."""
    details = {KEY: key_hash(view, hasher), SENT: dict(sent)}
    return BindingRecord(str(flow.kind), view.record.source_id, target_id, number, content_hash, details)
