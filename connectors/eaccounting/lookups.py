"""Look many records up with few calls."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from connectors.eaccounting.api import Api, Record
from connectors.errors import RecordGone

_FILTER_LENGTH: Final = 1700
"""Percent-encoded; with host, path and paging the whole address stays under 2,000 characters."""


def batches(conditions: Sequence[str]) -> Iterator[list[str]]:
    """Filter conditions in groups that, joined by ``or``, fit into the address of one call."""
    batch: list[str] = []
    size = 0
    for condition in conditions:
        length = len(quote(condition, safe="")) + len(quote(" or ", safe=""))
        if batch and size + length > _FILTER_LENGTH:
            yield batch
            batch, size = [], 0
        batch.append(condition)
        size += length
    if batch:
        yield batch


async def records_by_id(api: Api, path: str, record_ids: Sequence[str], operation: str) -> Mapping[str, Record]:
    """The records of a list that still exist, by id as asked; one by one where the server cannot filter by id."""
    wanted = {record_id.lower(): record_id for record_id in record_ids}
    found: dict[str, Record] = {}
    for batch in batches([f"Id eq {record_id}" for record_id in wanted]):
        records = await api.search(path, operation, " or ".join(batch))
        if records is None:
            return await _one_by_one(api, path, record_ids, operation)
        found |= {wanted[str(record["Id"]).lower()]: record for record in records}
    return found


async def _one_by_one(api: Api, path: str, record_ids: Sequence[str], operation: str) -> Mapping[str, Record]:
    found: dict[str, Record] = {}
    for record_id in record_ids:
        try:
            found[record_id] = await api.get(f"{path}/{record_id}", operation)
        except RecordGone:
            continue
    return found
