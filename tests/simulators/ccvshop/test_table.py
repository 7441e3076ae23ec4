"""Kept orders and look-ups of the simulated shop's records."""

from __future__ import annotations

import random

from simulators.ccvshop.table import Table


def test_kept_order_and_look_up_follow_every_change() -> None:
    table = Table()
    dice = random.Random(7)
    table.ordered("name")
    table.where("name", "a")
    for step in range(400):
        record_id = dice.randrange(40)
        if record_id in table and step % 3 == 0:
            del table[record_id]
        else:
            table[record_id] = {"id": record_id, "name": dice.choice(["a", "b", "c", None])}
        expected = table.sort(table.values(), "name")
        assert table.ordered("name")[:] == expected
        assert table.ordered("name", descending=True)[:] == expected[::-1]
        assert [record["id"] for record in table.where("name", "a")] == sorted(
            record["id"] for record in table.values() if record["name"] == "a"
        )


def test_pages_of_an_order() -> None:
    table = Table()
    for record_id in range(10):
        table[record_id] = {"id": record_id}
    rows = table.ordered(descending=True)
    assert [row["id"] for row in rows[7:12]] == [2, 1, 0]
    assert (rows[0]["id"], len(rows)) == (9, 10)
