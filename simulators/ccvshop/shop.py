"""Everything one simulated shop remembers, in the vendor's own shapes without addresses."""

from __future__ import annotations

import copy
import itertools
from decimal import Decimal
from typing import Any

Record = dict[str, Any]

PAYMETHODS: tuple[Record, ...] = tuple(
    {
        "id": number,
        "psp": psp,
        "method": method,
        "combined_name": f"{psp} {method}",
        "label": label,
        "extra_costs": False,
        "extra_costs_fixed": Decimal(0),
        "extra_costs_percentage": Decimal(0),
    }
    for number, psp, method, label in (
        (1, "Pay", "Ideal", "iDEAL"),
        (2, "Shop", "BankTransfer", "Vooraf overmaken"),
        (3, "Pay", "CreditCard", "Creditcard"),
        (4, "Pay", "Paypal", "PayPal"),
        (5, "Pay", "AfterPay", "Achteraf betalen"),
    )
)

STATUS_NAMES = {
    1: "Nieuw",
    2: "In behandeling",
    3: "Wacht op fabrikant",
    4: "Wacht op betaling",
    5: "Verzonden",
    6: "Afgeleverd",
    7: "Afgerond",
    8: "Geannuleerd",
    9: "Wacht op leverancier",
    10: "Wordt ingepakt",
    11: "Klaar om af te halen",
    12: "Wordt samengesteld",
    13: "Backorder",
    14: "Gereserveerd",
}


class Shop:
    """The stored records by kind and id, and the numbers given out."""

    def __init__(self) -> None:
        self.orders: dict[int, Record] = {}
        self.orderrows: dict[int, Record] = {}
        self.ordernotes: dict[int, Record] = {}
        self.products: dict[int, Record] = {}
        self.packages: dict[int, Record] = {1: {"id": 1, "name": "Standaard"}}
        self.users: dict[int, Record] = {}
        self.usergroups: dict[int, Record] = {}
        self.paymethods: dict[int, Record] = {method["id"]: copy.deepcopy(method) for method in PAYMETHODS}
        self.webhooks: dict[int, Record] = {}
        self.mails: list[Record] = []
        self.rows_of: dict[int, list[int]] = {}
        self._ids: dict[str, itertools.count[int]] = {}

    def collection(self, kind: str) -> dict[int, Record]:
        """The records of a kind by id.

        Raises:
            KeyError: there is no such kind.
        """
        kinds: dict[str, dict[int, Record]] = {
            "orders": self.orders,
            "orderrows": self.orderrows,
            "ordernotes": self.ordernotes,
            "products": self.products,
            "packages": self.packages,
            "users": self.users,
            "usergroups": self.usergroups,
            "paymethods": self.paymethods,
            "webhooks": self.webhooks,
        }
        if kind not in kinds:
            raise KeyError(f"There is no kind {kind!r}; there are {', '.join(sorted(kinds))}.")
        return kinds[kind]

    def next_id(self, kind: str) -> int:
        """A number not yet taken in this kind."""
        taken = self.collection(kind)
        first = {"orders": 1001, "orderrows": 5001, "products": 901}.get(kind, 1)
        numbers = self._ids.setdefault(kind, itertools.count(first))
        return next(number for number in numbers if number not in taken)

    def next_ordernumber(self) -> int:
        """One more than the highest order number."""
        return max((order["ordernumber"] or 0 for order in self.orders.values()), default=0) + 1

    def rows(self, order_id: int) -> list[Record]:
        """The rows of an order in their order."""
        return [self.orderrows[row_id] for row_id in self.rows_of.get(order_id, [])]

    def put_order(self, order: Record, rows: list[Record]) -> None:
        """Store an order with its rows, replacing rows it had."""
        self.orders[order["id"]] = order
        for row_id in self.rows_of.pop(order["id"], []):
            del self.orderrows[row_id]
        self.rows_of[order["id"]] = [row["id"] for row in rows]
        for row in rows:
            row["order_id"] = order["id"]
            self.orderrows[row["id"]] = row

    def delete(self, kind: str, record_id: int) -> None:
        """Remove a record, an order with everything that hangs on it.

        Raises:
            KeyError: no such kind or record.
        """
        if record_id not in self.collection(kind):
            raise KeyError(f"There is no {kind} record {record_id}.")
        del self.collection(kind)[record_id]
        if kind == "orders":
            for row_id in self.rows_of.pop(record_id, []):
                del self.orderrows[row_id]
            self.ordernotes = {key: note for key, note in self.ordernotes.items() if note["order_id"] != record_id}
        elif kind == "orderrows":
            for row_ids in self.rows_of.values():
                if record_id in row_ids:
                    row_ids.remove(record_id)


def merge(record: Record, changes: Record) -> Record:
    """Put changes into a record, objects within it merged rather than replaced."""
    for name, value in changes.items():
        present = record.get(name)
        if isinstance(present, dict) and isinstance(value, dict):
            merge(present, value)
        else:
            record[name] = value
    return record
