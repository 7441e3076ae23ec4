"""Hand out the prices of price lists as prices of customer groups: `Customer.SalesPriceListId` is the group.

Rows that were removed from a list are shown by no filter, so all prices are read every time. Discount agreements belong
to single customers and their rules cannot be read: they are counted, not handed out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel

from commerce.problems import Problem, ProblemCode
from commerce.record import GroupPrice
from connectors import exact_json
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.eaccounting.api import LARGEST_PAGE, Api, Record
from connectors.eaccounting.article_settings import PriceSourceSettings
from connectors.eaccounting.article_view import decimal_of
from connectors.eaccounting.company import Company
from connectors.eaccounting.price_lists import (
    PRICES,
    ArticleNames,
    Named,
    PriceList,
    PriceLists,
    price_id,
    split_price_id,
)
from connectors.errors import RecordGone, RecordRefused
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

UNSUPPORTED: Final = "discount agreements of single customers"
_OPERATION: Final = "read the prices of a price list"


@dataclass(frozen=True)
class _Position:
    lists: Sequence[str]
    """Those still to be read; the first one is being read."""
    number: int
    total: int


class PriceSource:
    """`RecordSource` of group prices, list by list."""

    def __init__(self, client: VendorClient, settings: PriceSourceSettings) -> None:
        self._api = Api(client)
        self._company = Company(self._api)
        self._lists = PriceLists(self._api, self._company)
        self._names = ArticleNames(self._api)
        self._chosen = settings.price_lists

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """One page of one list. ``start`` has no effect.

        Raises:
            RecordRefused: ``REFUSED_BY_SOURCE`` when the company's subscription has no price lists, ``INVALID_VALUE``
                when a price list of the settings does not exist.
        """
        del start
        unavailable = await self._lists.unavailable(ProblemCode.REFUSED_BY_SOURCE)
        if unavailable is not None:
            raise RecordRefused(unavailable)
        lists = await self._lists.read()
        unsupported: dict[str, int] = {}
        if page is None:
            self._names.forget()
            position = await self._begin(lists)
            unsupported = {UNSUPPORTED: await self._agreements()}
        else:
            position = _Position(**exact_json.loads(page))
        if not position.lists:
            return RecordPage((), total=position.total, unsupported=unsupported)
        prices, refused, last = await self._read(lists.get(position.lists[0]), position.number, size)
        following = replace(position, number=position.number + 1)
        if last:
            following = replace(position, lists=position.lists[1:], number=1)
        return RecordPage(
            records=prices,
            next_page=exact_json.dumps(vars(following)) if following.lists else None,
            refused=refused,
            total=position.total,
            unsupported=unsupported,
        )

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """The named prices, one call each."""
        lists = await self._lists.read()
        rows: dict[str, tuple[PriceList, Record]] = {}
        for source_id in source_ids:
            list_id, article_id = split_price_id(source_id)
            try:
                row = await self._api.get(f"{PRICES}/{list_id}/{article_id}", "read a price")
            except RecordGone:
                continue
            if list_id in lists:
                rows[source_id] = (lists[list_id], row)
        names = await self._names.of([str(row.get("ArticleId")) for _, row in rows.values()])
        prices, refused = _prices(list(rows.values()), names)
        removed = [source_id for source_id in source_ids if source_id not in rows]
        return RecordPage(prices, refused=refused, total=len(prices), removed=removed)

    def cursor_at(self, moment: datetime) -> str | None:
        """None: every read is of everything."""
        del moment
        return None

    async def own_fields(self) -> Sequence[Field]:
        """The members of a price."""
        members = ("SalesPriceListId", "ArticleId", "NetPrice", "GrossPrice", "CurrencyCode", "ChangedUtc")
        return tuple(Field(f"raw.{member}", member) for member in members)

    async def _begin(self, lists: Mapping[str, PriceList]) -> _Position:
        unknown = [list_id for list_id in self._chosen if list_id not in lists]
        if unknown:
            raise RecordRefused(_unknown_list(unknown[0]))
        chosen = [lists[list_id] for list_id in self._chosen]
        if not chosen:
            chosen = [entry for entry in lists.values() if entry.active and not entry.standard]
        counts = {entry.list_id: await self._count(entry.list_id) for entry in chosen}
        filled = [list_id for list_id, count in counts.items() if count]
        return _Position(filled, 1, sum(counts.values()))

    async def _count(self, list_id: str) -> int:
        return (await self._api.known_page(f"{PRICES}/{list_id}", _OPERATION, {}, 1, 1)).total

    async def _agreements(self) -> int:
        agreements = await self._api.records("/discountagreements", "count the discount agreements")
        return sum(agreement.get("IsActive") is not False for agreement in agreements)

    async def _read(
        self, price_list: PriceList | None, number: int, size: int
    ) -> tuple[list[GroupPrice], list[RefusedListing], bool]:
        """A page of a list, and whether it was the last; nothing of a list that was deleted meanwhile."""
        if price_list is None:
            return [], [], True
        path, size = f"{PRICES}/{price_list.list_id}", min(size, LARGEST_PAGE)
        params = {"$orderby": "ArticleId"}
        try:
            page = await self._api.page(path, _OPERATION, params, number, size)
            if page is None:
                page = await self._api.known_page(path, _OPERATION, {}, number, size)
        except RecordGone:
            return [], [], True
        names = await self._names.of([str(row.get("ArticleId")) for row in page.records])
        prices, refused = _prices([(price_list, row) for row in page.records], names)
        return prices, refused, number >= page.pages


def _prices(
    rows: Sequence[tuple[PriceList, Record]], names: Mapping[str, Named]
) -> tuple[list[GroupPrice], list[RefusedListing]]:
    prices: list[GroupPrice] = []
    refused: list[RefusedListing] = []
    for price_list, row in rows:
        article_id = str(row.get("ArticleId") or "")
        source_id = price_id(price_list.list_id, article_id)
        named = names.get(article_id)
        if named is None:
            sentence = (
                f'Price list "{price_list.name}": eAccounting shows a price of article {article_id}, but no such'
                " article. Take the price out of the list, or restore the article."
            )
            refused.append(RefusedListing(source_id, sentence, row))
            continue
        try:
            prices.append(_price(price_list, row, named, source_id))
        except RecordRefused as refusal:
            refused.append(RefusedListing(source_id, refusal.problem.sentence, row))
    return prices, refused


def _price(price_list: PriceList, row: Record, named: Named, source_id: str) -> GroupPrice:
    what = f'Price of {named.number} in price list "{price_list.name}"'
    return GroupPrice(
        source_id=source_id,
        reference=f"{named.number} ({price_list.name})",
        raw=row,
        group=price_list.list_id,
        group_name=price_list.name,
        sku=named.number,
        ean=named.barcode,
        price_excl=decimal_of(row, "NetPrice", what),
        price_incl=decimal_of(row, "GrossPrice", what),
        currency=str(row.get("CurrencyCode") or price_list.currency).upper(),
    )


def _unknown_list(list_id: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="price_lists",
        value=list_id,
        sentence=(
            f"Price lists: eAccounting has no price list {list_id}, which the settings of the flow name. Take it out of"
            " the settings, or choose another one."
        ),
    )


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> PriceSource:
    return PriceSource(client, PriceSourceSettings.model_validate(settings))


PRICE_SOURCE: Final = RecordSourceDeclaration(
    open=_open,
    settings=PriceSourceSettings,
    read=ReadDeclaration(cursor_field="", lag=timedelta(0), sees_changes=False),
    fields=(
        Field("group", "Price list", choices="price_lists"),
        Field("group_name", "Name of the price list"),
        Field("sku", "Article number"),
        Field("ean", "Barcode (EAN)"),
        Field("price_excl", "Price without VAT", FieldKind.MONEY),
        Field("price_incl", "Price with VAT", FieldKind.MONEY, description="Computed by eAccounting."),
        Field("currency", "Currency of the price list"),
    ),
    value_tables={"customer_group": "price_lists"},
)
