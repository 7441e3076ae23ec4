"""Prices and discounts of one group or one user. Source: CCV Shop API documentation, user group adjustments.

Six resources of one shape: an owner (group or user), a target (product, category or staggered price), and what it
costs. That a second adjustment for the same owner and target answers 500.40 is the simulator's choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulators.ccvshop import schema
from simulators.ccvshop.call import Call, Handler, Reply
from simulators.ccvshop.collection import Query, single_page
from simulators.ccvshop.refusal import duplicate, invalid
from simulators.ccvshop.shop import Record, Shop


@dataclass(frozen=True, slots=True)
class Target:
    """What an adjustment is about.

    Attributes:
        kind: the records it points to.
        member: the property that names one of them.
        fields: the properties that can be written later on, by type.
        empty: their values when nothing was sent.
    """

    kind: str
    member: str
    fields: dict[str, str]
    empty: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Adjustments:
    """One of the six resources, with its handlers."""

    owner: str
    target: Target

    @property
    def kind(self) -> str:
        """The resource's name."""
        return f"{self.owner}{self.target.member.removesuffix('_id')}adjustments"

    @property
    def owner_member(self) -> str:
        """The property that names the owner."""
        return f"{self.owner}_id"

    def handlers(self) -> tuple[dict[str, Handler], dict[str, Handler]]:
        """The methods of the collection and those of one record."""
        collection: dict[str, Handler] = {"GET": self._list, "POST": self._create}
        one: dict[str, Handler] = {"GET": self._read, "PATCH": self._change, "DELETE": self._delete}
        return collection, one

    def new(self, shop: Shop, given: Record) -> Record:
        """A record with every member."""
        sent = {name: value for name, value in given.items() if value is not None}
        return {"id": given.get("id") or shop.next_id(self.kind), **self.target.empty, **sent}

    def _list(self, call: Call) -> Reply:
        call.need_b2b()
        filters = [self.owner_member, self.target.member]
        if self.target.kind == "productstaggeredprices":
            filters.append("product_id")
        query = Query(call.request, filters)
        wanted = {name: query.whole(name) for name in filters if query.text(name) is not None}
        if not wanted:
            raise invalid(f"At least one of {', '.join(filters)} is needed.")
        records = self._narrowed(call.shop, wanted)
        return 200, single_page(call.request, [self._rendered(call, record) for record in records], filters)

    def _narrowed(self, shop: Shop, wanted: dict[str, int | None]) -> list[Record]:
        table = shop.table(self.kind)
        product_id = wanted.pop("product_id", None) if self.target.member != "product_id" else None
        if wanted:
            # The target names fewer records than the owner, so it comes first where both are asked for.
            first = self.target.member if self.target.member in wanted else next(iter(wanted))
            hits = table.where(first, wanted[first])
        else:
            hits = list(table.ordered())
        hits = [record for record in hits if all(record[name] == value for name, value in wanted.items())]
        if product_id is None:
            return hits
        targets = shop.table(self.target.kind)
        return [record for record in hits if targets[record[self.target.member]]["product_id"] == product_id]

    def _read(self, call: Call) -> Reply:
        call.need_b2b()
        return 200, self._rendered(call, call.found(self.kind))

    def _create(self, call: Call) -> Reply:
        call.need_b2b()
        names = (self.target.member, self.owner_member)
        fields = {**self.target.fields, **dict.fromkeys(names, "i")}
        if self.kind == "usergroupcategoryadjustments":
            fields["discount"] = "i"
        body = schema.checked(call.body(), fields, required=names)
        for member, kind in ((self.target.member, self.target.kind), (self.owner_member, f"{self.owner}s")):
            if body[member] not in call.shop.table(kind):
                raise invalid(f"There is no {member.removesuffix('_id')} {body[member]}.")
        table = call.shop.table(self.kind)
        same = table.where(self.target.member, body[self.target.member])
        if any(record[self.owner_member] == body[self.owner_member] for record in same):
            raise duplicate(self.target.member, body[self.target.member])
        record = self.new(call.shop, body)
        _check_discount(record)
        table[record["id"]] = record
        return 201, self._rendered(call, record)

    def _change(self, call: Call) -> Reply:
        call.need_b2b()
        record = call.found(self.kind)
        body = schema.checked(call.body(), self.target.fields, not_null=("hidden", "include_sub_categories"))
        changed = {**record, **body}
        _check_discount(changed)
        call.refuse_if_unchanged(changed == record)
        call.shop.table(self.kind)[record["id"]] = changed
        return 204, None

    def _delete(self, call: Call) -> Reply:
        call.need_b2b()
        call.shop.delete(self.kind, call.found(self.kind)["id"])
        return 204, None

    def _rendered(self, call: Call, record: Record) -> Record:
        return {"href": call.href(self.kind, record["id"]), **record}


_TARGETS = (
    Target("products", "product_id", schema.PRODUCT_ADJUSTMENT, {"price": None, "discount": None, "hidden": False}),
    Target(
        "categories",
        "category_id",
        schema.CATEGORY_ADJUSTMENT,
        {"discount": None, "hidden": False, "include_sub_categories": False},
    ),
    Target(
        "productstaggeredprices",
        "staggeredprice_id",
        schema.STAGGERED_PRICE_ADJUSTMENT,
        {"price": None, "discount": None},
    ),
)
RESOURCES = {
    adjustments.kind: adjustments
    for owner in ("usergroup", "user")
    for target in _TARGETS
    for adjustments in (Adjustments(owner, target),)
}


def _check_discount(record: Record) -> None:
    if "price" in record and record["price"] is None and record["discount"] is not None:
        raise invalid("Property discount must be null when price is null.")
