"""Records of one kind, with the orders and look-ups that keep long lists cheap to page through."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any, overload

Record = dict[str, Any]
SortKey = tuple[bool, Any, int]
Lookup = dict[Any, list[int]]


class Table(MutableMapping[int, Record]):
    """Records by id.

    An order or look-up is built when it is first asked for and kept up to date from then on. A stored record is
    replaced, never changed in place; otherwise the kept orders no longer match it.
    """

    def __init__(self, keys: dict[str, Callable[[Record], Any]] | None = None) -> None:
        self._keys = keys or {}
        self._records: dict[int, Record] = {}
        self._orders: dict[str, list[SortKey]] = {}
        self._lookups: dict[str, Lookup] = {}

    def __getitem__(self, record_id: int) -> Record:
        return self._records[record_id]

    def __setitem__(self, record_id: int, record: Record) -> None:
        before = self._records.get(record_id)
        self._records[record_id] = record
        for name, order in self._orders.items():
            after = self._sort_key(name, record)
            if before is not None:
                old = self._sort_key(name, before)
                if old == after:
                    continue
                del order[bisect_left(order, old)]
            insort(order, after)
        for member, lookup in self._lookups.items():
            if before is not None:
                _drop(lookup, before.get(member), record_id)
            _put(lookup, record.get(member), record_id)

    def __delitem__(self, record_id: int) -> None:
        record = self._records.pop(record_id)
        for name, order in self._orders.items():
            del order[bisect_left(order, self._sort_key(name, record))]
        for member, lookup in self._lookups.items():
            _drop(lookup, record.get(member), record_id)

    def __iter__(self) -> Iterator[int]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def ordered(self, name: str = "id", *, descending: bool = False) -> Ordered:
        """All records sorted by a member: those without it first, equal ones by id; or all of that backwards."""
        if name not in self._orders:
            self._orders[name] = sorted(self._sort_key(name, record) for record in self._records.values())
        return Ordered(self._records, self._orders[name], descending=descending)

    def sort(self, records: Iterable[Record], name: str, *, descending: bool = False) -> list[Record]:
        """Some of the records in the order that ``ordered`` would show them."""
        return sorted(records, key=lambda record: self._sort_key(name, record), reverse=descending)

    def where(self, member: str, value: Any) -> list[Record]:
        """The records whose member equals the value, by id."""
        if member not in self._lookups:
            lookup: Lookup = {}
            for record_id, record in self._records.items():
                _put(lookup, record.get(member), record_id)
            self._lookups[member] = lookup
        return [self._records[record_id] for record_id in self._lookups[member].get(value, ())]

    def _sort_key(self, name: str, record: Record) -> SortKey:
        value = self._keys[name](record) if name in self._keys else record.get(name)
        return (value is not None, "" if value is None else value, record["id"])


class Ordered(Sequence[Record]):
    """The records of a table in a kept order; a slice costs no more than its length."""

    def __init__(self, records: dict[int, Record], order: list[SortKey], *, descending: bool) -> None:
        self._records = records
        self._order = order
        self._descending = descending

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, int):
            return self._records[self._order[-1 - index if self._descending else index][2]]
        positions = range(len(self._order))[index]
        last = len(self._order) - 1
        return [
            self._records[self._order[last - position if self._descending else position][2]] for position in positions
        ]


def _put(lookup: Lookup, value: Any, record_id: int) -> None:
    insort(lookup.setdefault(value, []), record_id)


def _drop(lookup: Lookup, value: Any, record_id: int) -> None:
    ids = lookup[value]
    del ids[bisect_left(ids, record_id)]
    if not ids:
        del lookup[value]
