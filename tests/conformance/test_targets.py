"""Every kind of record that a connector takes in, sent as the engine sends it: find, compare, write what differs."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from activities.record_matching import differing
from commerce.problems import Problem
from commerce.record import Record
from connectors.errors import OutcomeUnknown
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, RecordKind, RecordTarget, Removal, Written
from connectors.registry import CONNECTORS
from tests.conformance.facts import key_of, missing, readable, sent_record, standing
from tests.conformance.stand import Place, opened, stand_of

TARGETS = [
    (system, kind) for system, one in sorted(CONNECTORS.items()) for kind in RecordKind if kind in one.record_targets
]
_MOST_ATTEMPTS = 8

every_target = pytest.mark.parametrize(("system", "kind"), TARGETS)


@dataclass
class Flow:
    """One flow of a kind into a place; its target keeps what it remembers, as a worker's does."""

    place: Place
    kind: RecordKind
    target: RecordTarget

    @property
    def record(self) -> Record:
        return sent_record(self.kind, self.place.stand.group)[0]

    @property
    def changed_record(self) -> Record:
        return sent_record(self.kind, self.place.stand.group)[1]

    def key(self, record: Record, by: Identifier = Identifier.SKU, target_id: str = "") -> Key:
        return key_of(record, self.place.stand.group, by, target_id)

    async def find(self, record: Record, target_id: str = "") -> Existing | Problem | None:
        key = self.key(record, target_id=target_id)
        return (await self.target.find([key], Identifier.SKU)).get(key.source_id)

    async def existing(self, record: Record, target_id: str = "") -> Existing:
        found = await self.find(record, target_id)
        assert isinstance(found, Existing), found
        return found

    async def change(self, record: Record) -> Change | None:
        """What has to be written; None when the target holds everything."""
        found = await self.find(record)
        assert not isinstance(found, Problem), found.sentence
        creating = found is None
        mapped = self.place.rules(self.kind).apply(readable(record), self.value, creating=creating).values
        values = mapped if found is None else differing(self.target, found, mapped)
        if found is not None and not values:
            return None
        return Change(record.source_id, record.reference, found, values, self.key(record))

    async def send(self, record: Record) -> Written | None:
        change = await self.change(record)
        if change is None:
            return None
        [written] = await self.target.write([change])
        assert written.problem is None, written.problem.sentence
        assert written.source_id == record.source_id
        return written

    async def sent(self, record: Record) -> str:
        """Send a record that the target does not hold yet; returns the target's id."""
        written = await self.send(record)
        assert written is not None
        return written.target_id

    @staticmethod
    def value(table: str, value: str) -> str:
        """Both sides' values are the same here; choices of the target that nobody made are left to it."""
        return value if table == "customer_group" else ""


def flow_in(place: Place, kind: RecordKind) -> Flow:
    return Flow(place, kind, place.target(kind))


@every_target
async def test_what_was_sent_is_found_again_with_every_value(system: str, kind: RecordKind):
    async with opened(system) as place:
        flow = flow_in(place, kind)
        before = await place.stored(kind)
        target_id = await flow.sent(flow.record)
        assert await place.stored(kind) == before + place.connector.record_targets[kind].creates
        for using in (flow, flow_in(place, kind)):
            assert (await using.existing(using.record)).target_id == target_id
            assert (await using.existing(using.record, target_id)).target_id == target_id
            assert await using.change(using.record) is None
        fields = {field.name for field in place.connector.record_targets[kind].fields}
        assert fields <= set((await flow.existing(flow.record)).values)


@every_target
async def test_what_is_missing_is_not_found_and_does_not_hide_what_is_there(system: str, kind: RecordKind):
    async with opened(system) as place:
        flow = flow_in(place, kind)
        there, absent = standing(kind, place.stand.group), missing(kind, place.stand.group)
        keys = [flow.key(record) for record in (*there, absent)]
        found = await flow.target.find(keys, Identifier.SKU)
        held = [found.get(record.source_id) for record in there]
        assert all(isinstance(one, Existing) for one in held), held
        assert len({one.target_id for one in held if isinstance(one, Existing)}) == len(there)
        unfound = found.get(absent.source_id)
        assert unfound is None or (isinstance(unfound, Problem) and not place.connector.record_targets[kind].creates)
        by_id = flow.key(there[0], target_id=place.stand.targets[kind].unknown)
        assert await flow.target.find([by_id], Identifier.SKU) == {}
        assert await place.writes() == []


@every_target
async def test_every_declared_identifier_finds(system: str, kind: RecordKind):
    async with opened(system) as place:
        there = standing(kind, place.stand.group)
        for by in place.connector.record_targets[kind].identifiers:
            flow = flow_in(place, kind)
            found = await flow.target.find([flow.key(record, by) for record in there], by)
            assert {source_id for source_id, one in found.items() if isinstance(one, Existing)} == set(found)
            assert set(found) == {record.source_id for record in there}


@every_target
async def test_one_changed_fact_changes_nothing_else(system: str, kind: RecordKind):
    async with opened(system) as place:
        flow = flow_in(place, kind)
        target_id = await flow.sent(flow.record)
        before = await flow.existing(flow.record)
        change = await flow.change(flow.changed_record)
        assert change is not None
        assert len(change.values) == 1
        await flow.target.write([change])
        fresh = flow_in(place, kind)
        after = await fresh.existing(fresh.record, target_id)
        changed = {name for name, value in after.values.items() if value != before.values[name]}
        assert changed - place.stand.targets[kind].follows == set(change.values)
        assert await fresh.change(fresh.changed_record) is None


@every_target
async def test_lost_answers_are_confirmed_and_write_nothing_twice(system: str, kind: RecordKind):
    async with opened(system) as place:
        flow = flow_in(place, kind)
        before = await place.stored(kind)
        await place.lose_answers()
        attempts = 0
        while True:
            attempts += 1
            assert attempts <= _MOST_ATTEMPTS
            try:
                if await flow.send(flow.record) is None:
                    break
            except OutcomeUnknown:
                continue
        assert attempts > 1
        assert await place.stored(kind) == before + place.connector.record_targets[kind].creates


@every_target
async def test_as_many_changes_as_declared_go_at_once_and_each_has_its_end(system: str, kind: RecordKind):
    async with opened(system) as place:
        flow = flow_in(place, kind)
        values = flow.place.rules(kind).apply(readable(flow.changed_record), flow.value, creating=False).values
        there = standing(kind, place.stand.group)[: place.connector.record_targets[kind].batch]
        changes = []
        for record in there:
            found = await flow.existing(record)
            own = {name: value for name, value in values.items() if name in _shared_fact(flow)}
            changes.append(Change(record.source_id, record.reference, found, own, flow.key(record)))
        ends = await flow.target.write(changes)
        assert [end.source_id for end in ends] == [record.source_id for record in there]
        assert [end.problem for end in ends] == [None] * len(there)
        for record, change in zip(there, changes, strict=True):
            assert differing(flow.target, await flow.existing(record), change.values) == {}


def _shared_fact(flow: Flow) -> set[str]:
    """The fields that differ between the two records, which any record of the kind may be given."""
    one, other = (
        flow.place.rules(flow.kind).apply(readable(record), flow.value, creating=False).values
        for record in (flow.record, flow.changed_record)
    )
    return {name for name, value in other.items() if value != one.get(name)}


@pytest.mark.parametrize(
    ("system", "kind", "removal"),
    [
        (system, kind, removal)
        for system, kind in TARGETS
        for removal in sorted(CONNECTORS[system].record_targets[kind].removals | {Removal.LEAVE})
    ],
)
async def test_declared_removals_remove_once(system: str, kind: RecordKind, removal: Removal):
    async with opened(system) as place:
        flow = flow_in(place, kind)
        target_id = await flow.sent(flow.record)
        before = await flow.existing(flow.record)
        await place.writes()
        await flow.target.remove(before, removal)
        assert bool(await place.writes()) == (removal is not Removal.LEAVE)
        fresh = flow_in(place, kind)
        found = await fresh.find(fresh.record, target_id)
        after = {} if removal is Removal.DELETE else (await fresh.existing(fresh.record, target_id)).values
        match removal:
            case Removal.LEAVE:
                assert after == before.values
            case Removal.DELETE:
                assert found is None
            case Removal.ZERO:
                assert Decimal(0) in [value for value in after.values() if isinstance(value, Decimal | int)]
            case Removal.ARCHIVE | Removal.RESET:
                assert after != before.values
        count = await place.stored(kind)
        await fresh.target.remove(found if isinstance(found, Existing) else before, removal)
        # That a record is deleted already, a vendor may only say when it is asked to delete it.
        assert await place.writes() == [] or removal is Removal.DELETE
        assert await place.stored(kind) == count


@pytest.mark.parametrize(
    ("system", "kind"), [one for one in TARGETS if not CONNECTORS[one[0]].record_targets[one[1]].creates]
)
async def test_what_must_exist_already_is_never_created(system: str, kind: RecordKind):
    async with opened(system) as place:
        flow = flow_in(place, kind)
        absent = missing(kind, place.stand.group)
        values = place.rules(kind).apply(readable(absent), flow.value, creating=False).values
        [end] = await flow.target.write([Change(absent.source_id, absent.reference, None, values, flow.key(absent))])
        assert end.problem is not None
        assert await place.writes() == []


def _spoils(system: str, kind: RecordKind) -> bool:
    source: Any = stand_of(system).sources.get(kind)
    return source is not None and source.spoil is not None


@pytest.mark.parametrize(("system", "kind"), [one for one in TARGETS if _spoils(*one)])
async def test_a_malformed_record_of_the_target_hides_no_other(system: str, kind: RecordKind):
    async with opened(system) as place:
        spoil = place.stand.sources[kind].spoil
        assert spoil is not None
        flow = flow_in(place, kind)
        there = standing(kind, place.stand.group)
        ids = {record.source_id: (await flow.existing(record)).target_id for record in there}
        await spoil(place.sim, ids[there[0].source_id])
        for known in ({}, ids):
            keys = [flow.key(record, target_id=known.get(record.source_id, "")) for record in there]
            found = await flow_in(place, kind).target.find(keys, Identifier.SKU)
            assert all(isinstance(found[record.source_id], Existing) for record in there[1:])
            bad = found.get(there[0].source_id)
            if isinstance(bad, Problem):
                assert bad.value == "much"
                assert "much" in bad.sentence
                assert "None" not in bad.sentence
