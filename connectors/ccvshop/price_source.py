"""Hand out what articles cost customer groups. Source: CCV Shop API documentation, user group product adjustments.

The shop shows no changes of prices, so every read is of everything: one list per group. Prices of single customers can
only be asked for customer by customer, so they are neither handed out nor counted.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from commerce.record import GroupPrice
from connectors import exact_json
from connectors.answers import Action
from connectors.ccvshop.api import ROOT, pages
from connectors.ccvshop.fields import Fields
from connectors.ccvshop.groups import Adjustment, GroupPrices, read_price, shop_currency
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.errors import RecordRefused
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

UNPRICED: Final = "articles that are hidden from a group, without a price of their own"
_REMEMBERED_SECONDS = 600
_FEW = 20
"""Up to so many products are read one by one; the numbers of more are read from the list of all products."""


class CcvPriceSource(BaseModel):
    """How prices of customer groups are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prices_include_tax: bool = Setting(
        default=True,
        title="Prices include VAT",
        description="Whether product prices in the shop include VAT; the shop's own setting for prices says so.",
    )


class CcvPricesOut:
    """`RecordSource` of the prices of customer groups, group by group."""

    def __init__(
        self, client: VendorClient, settings: CcvPriceSource, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._prices = GroupPrices(client, clock)
        self._numbers: dict[int, tuple[str, str]] = {}
        self._numbers_since = clock()
        self._currency = ""

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:  # noqa: ARG002
        """A part of one group's prices; the position names the groups still to come. ``start`` cannot shorten the read.

        Raises:
            RecordRefused: The shop has no customer groups, since its B2B app is not installed.
        """
        names = await self._prices.groups()
        groups, offset = ([*names], 0) if page is None else exact_json.loads(page)
        groups = [group for group in groups if group in names]
        if not groups:
            return RecordPage([])
        if offset == 0:
            self._prices.forget(groups[0])
        listed = await self._prices.all_of(groups[0])
        part = listed[offset : offset + size]
        priced = [one for one in part if one.price is not None]
        records, refused = await self._records(priced, names)
        unpriced = len(part) - len(priced)
        if offset + size < len(listed):
            rest: Sequence[Any] = [groups, offset + size]
        else:
            rest = [groups[1:], 0]
            refused += self._prices.refused_of(groups[0])
        return RecordPage(
            records,
            next_page=exact_json.dumps(rest) if rest[0] else None,
            refused=refused,
            unsupported={UNPRICED: unpriced} if unpriced else {},
        )

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """The named prices, one call each; one without a price any more is gone."""
        names = await self._prices.groups()
        found: list[Adjustment] = []
        removed: list[str] = []
        malformed: list[RefusedListing] = []
        for source_id in source_ids:
            try:
                adjustment = await read_price(self._client, source_id)
            except RecordRefused as refusal:
                malformed.append(RefusedListing(source_id, refusal.problem.sentence, {"id": source_id}))
                continue
            if adjustment is None or adjustment.price is None:
                removed.append(source_id)
            else:
                found.append(adjustment)
        records, refused = await self._records(found, names)
        return RecordPage(records, refused=[*malformed, *refused], removed=removed)

    def cursor_at(self, _moment: datetime) -> None:
        """None: every read is of everything."""

    async def own_fields(self) -> Sequence[Field]:
        """What the shop keeps of a price beyond the kind's own fields."""
        return (
            Field("raw.discount", "Discount", FieldKind.MONEY),
            Field("raw.hidden", "Hidden", FieldKind.BOOLEAN),
        )

    async def _records(
        self, prices: Sequence[Adjustment], names: Mapping[str, str]
    ) -> tuple[list[GroupPrice], list[RefusedListing]]:
        numbers = await self._numbers_of(one.product_id for one in prices)
        if prices and not self._currency:
            self._currency = await shop_currency(self._client)
        records: list[GroupPrice] = []
        refused: list[RefusedListing] = []
        for one in prices:
            if one.product_id in numbers:
                sku, ean = numbers[one.product_id]
                records.append(self._record(one, names.get(one.group, ""), sku, ean))
            else:
                sentence = (
                    f"Price {one.adjustment_id} of the group {names.get(one.group, one.group)} is of product "
                    f"{one.product_id}, which the shop does not have. Remove the price in the shop."
                )
                refused.append(RefusedListing(str(one.adjustment_id), sentence, _raw(one)))
        return records, refused

    def _record(self, one: Adjustment, group_name: str, sku: str, ean: str) -> GroupPrice:
        price = None if one.price is None else one.price - (one.discount or 0)
        include = self._settings.prices_include_tax
        return GroupPrice(
            source_id=str(one.adjustment_id),
            reference=f"{group_name} / {sku or ean or one.product_id}",
            raw=_raw(one),
            group=one.group,
            group_name=group_name,
            sku=sku,
            ean=ean,
            price_incl=price if include else None,
            price_excl=None if include else price,
            currency=self._currency,
        )

    async def _numbers_of(self, product_ids: Iterable[int]) -> Mapping[int, tuple[str, str]]:
        """SKU and EAN of products; those that do not exist are left out."""
        if self._clock() - self._numbers_since > _REMEMBERED_SECONDS:
            self._numbers.clear()
            self._numbers_since = self._clock()
        unknown = {product_id for product_id in product_ids if product_id not in self._numbers}
        if len(unknown) > _FEW:
            async for items in pages(self._client, f"{ROOT}/products/", operation="list products"):
                self._remember(items)
            return self._numbers
        for product_id in sorted(unknown):
            path, operation = f"{ROOT}/products/{product_id}/", f"read product {product_id}"
            answer = await self._client.read("GET", path, operation=operation, accept={Action.GONE})
            if answer.status < HTTPStatus.BAD_REQUEST and isinstance(answer.body, dict):
                self._remember([answer.body])
        return self._numbers

    def _remember(self, products: Iterable[Mapping[str, Any]]) -> None:
        for item in products:
            product = Fields(f"Product {item.get('id')}", item)
            self._numbers[product.whole_number("id")] = product.text("productnumber"), product.text("eannumber")


def _raw(one: Adjustment) -> dict[str, Any]:
    return {
        "id": one.adjustment_id,
        "usergroup_id": int(one.group),
        "product_id": one.product_id,
        "price": one.price,
        "discount": one.discount,
        "hidden": one.hidden,
    }


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvPricesOut:
    return CcvPricesOut(client, CcvPriceSource.model_validate(settings))


PRICE_SOURCE: Final = RecordSourceDeclaration(
    open=_open,
    settings=CcvPriceSource,
    read=ReadDeclaration(cursor_field="", lag=timedelta(0), sees_changes=False),
    fields=(
        Field("group", "Customer group", choices="user_groups"),
        Field("group_name", "Name of the customer group"),
        Field("sku", "SKU"),
        Field("ean", "EAN"),
        Field("price_incl", "Price with VAT", FieldKind.MONEY, description="Where the shop's prices include it."),
        Field("price_excl", "Price without VAT", FieldKind.MONEY, description="Where the shop's prices do not."),
        Field("currency", "Currency"),
    ),
    value_tables={"customer_group": "user_groups"},
)
