"""Everything one simulated shop remembers, in the vendor's own shapes without addresses."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, MutableMapping
from decimal import Decimal
from typing import Any

from simulators.ccvshop.table import Record, Table

__all__ = ["ADJUSTMENT_KINDS", "NAMED_KINDS", "PAYMETHODS", "STATUS_NAMES", "Record", "Shop", "merge"]

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


NAMED_KINDS = ("packages", "brands", "suppliers", "conditions")
ADJUSTMENT_KINDS = tuple(
    f"{owner}{target}adjustments"
    for owner in ("usergroup", "user")
    for target in ("product", "category", "staggeredprice")
)
_TABLE_KINDS = (
    *NAMED_KINDS,
    "products",
    "attributes",
    "attributevalues",
    "productattributevalues",
    "attributecombinations",
    "productphotos",
    "productstaggeredprices",
    "categories",
    "producttocategories",
    "usergroups",
    *ADJUSTMENT_KINDS,
)
_HANGS_ON: dict[str, tuple[tuple[str, str], ...]] = {
    "products": (
        ("productattributevalues", "product_id"),
        ("attributecombinations", "product_id"),
        ("productphotos", "product_id"),
        ("productstaggeredprices", "product_id"),
        ("producttocategories", "product_id"),
        ("usergroupproductadjustments", "product_id"),
        ("userproductadjustments", "product_id"),
    ),
    "productstaggeredprices": (
        ("usergroupstaggeredpriceadjustments", "staggeredprice_id"),
        ("userstaggeredpriceadjustments", "staggeredprice_id"),
    ),
    "categories": (
        ("categories", "parentcategory_id"),
        ("producttocategories", "category_id"),
        ("usergroupcategoryadjustments", "category_id"),
        ("usercategoryadjustments", "category_id"),
    ),
    "attributes": (("attributevalues", "attribute_id"),),
    "attributevalues": (("productattributevalues", "optionvalue"),),
    "usergroups": tuple((kind, "usergroup_id") for kind in ADJUSTMENT_KINDS if kind.startswith("usergroup")),
    "users": tuple((kind, "user_id") for kind in ADJUSTMENT_KINDS if not kind.startswith("usergroup")),
}
_FIRST_IDS = {"orders": 1001, "orderrows": 5001, "products": 901}


class Shop:
    """The stored records by kind and id, and the numbers given out.

    Products are kept without the members that have their default value; ``product_shape.whole_product`` adds them.
    Records in a ``Table`` are replaced, never changed in place.

    Attributes:
        photo_bytes: the content of each product photo by the photo's id.
        password_writes: how often a password was sent, by user.
    """

    def __init__(self) -> None:
        self.orders: dict[int, Record] = {}
        self.orderrows: dict[int, Record] = {}
        self.ordernotes: dict[int, Record] = {}
        self.paymethods: dict[int, Record] = {method["id"]: copy.deepcopy(method) for method in PAYMETHODS}
        self.webhooks: dict[int, Record] = {}
        self._tables = {kind: Table() for kind in _TABLE_KINDS}
        self._tables["users"] = Table({name: _billing_name(name) for name in ("first_name", "last_name")})
        self.packages[1] = {"id": 1, "name": "Standaard"}
        self.mails: list[Record] = []
        self.photo_bytes: dict[int, bytes] = {}
        self.password_writes: dict[int, int] = {}
        self.rows_of: dict[int, list[int]] = {}
        self._ids: dict[str, itertools.count[int]] = {}

    @property
    def products(self) -> Table:
        """The products, each without its default values."""
        return self._tables["products"]

    @property
    def packages(self) -> Table:
        """The shipping classes."""
        return self._tables["packages"]

    @property
    def users(self) -> Table:
        """The registered customers."""
        return self._tables["users"]

    @property
    def usergroups(self) -> Table:
        """The customer groups."""
        return self._tables["usergroups"]

    def table(self, kind: str) -> Table:
        """The records of a kind that is kept in a table.

        Raises:
            KeyError: there is no such kind.
        """
        return self._tables[kind]

    def kinds(self) -> tuple[str, ...]:
        """The names of all kinds of records."""
        return (*self._plain(), *self._tables)

    def collection(self, kind: str) -> MutableMapping[int, Record]:
        """The records of a kind by id.

        Raises:
            KeyError: there is no such kind.
        """
        records = self._tables.get(kind, self._plain().get(kind))
        if records is None:
            raise KeyError(f"There is no kind {kind!r}; there are {', '.join(sorted(self.kinds()))}.")
        return records

    def _plain(self) -> dict[str, dict[int, Record]]:
        return {
            "orders": self.orders,
            "orderrows": self.orderrows,
            "ordernotes": self.ordernotes,
            "paymethods": self.paymethods,
            "webhooks": self.webhooks,
        }

    def next_id(self, kind: str) -> int:
        """A number not yet taken in this kind."""
        taken = self.collection(kind)
        numbers = self._ids.setdefault(kind, itertools.count(_FIRST_IDS.get(kind, 1)))
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
        """Remove a record with everything that hangs on it.

        Raises:
            KeyError: no such kind or record.
        """
        if record_id not in self.collection(kind):
            raise KeyError(f"There is no {kind} record {record_id}.")
        for dependent, member in _HANGS_ON.get(kind, ()):
            for record in self._tables[dependent].where(member, record_id):
                self.delete(dependent, record["id"])
        del self.collection(kind)[record_id]
        if kind == "orders":
            for row_id in self.rows_of.pop(record_id, []):
                del self.orderrows[row_id]
            self.ordernotes = {key: note for key, note in self.ordernotes.items() if note["order_id"] != record_id}
        elif kind == "orderrows":
            for row_ids in self.rows_of.values():
                if record_id in row_ids:
                    row_ids.remove(record_id)
        elif kind == "productphotos":
            self.photo_bytes.pop(record_id, None)
        elif kind == "usergroups":
            for user in self.users.where("group_id", record_id):
                self.users[user["id"]] = {**user, "group_id": None}


def _billing_name(name: str) -> Callable[[Record], Any]:
    return lambda user: user["userinfo"]["billingaddress"][name]


def merge(record: Record, changes: Record) -> Record:
    """Put changes into a record, objects within it merged rather than replaced."""
    for name, value in changes.items():
        present = record.get(name)
        if isinstance(present, dict) and isinstance(value, dict):
            merge(present, value)
        else:
            record[name] = value
    return record
