"""Take prices of customer groups in as rows of price lists, up to a thousand at a time.

The vendor has no call that takes a row out of a list. What can be done instead is to give it the article's own price
again (`Removal.RESET`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from pydantic import BaseModel

from commerce.problems import Problem, ProblemCode
from connectors.answers import Action
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.eaccounting.api import Api, Record
from connectors.eaccounting.article_body import without_vat
from connectors.eaccounting.article_settings import PriceTargetSettings
from connectors.eaccounting.article_view import decimal_of, held_values
from connectors.eaccounting.articles import Articles
from connectors.eaccounting.company import Company
from connectors.eaccounting.errors import ANSWERS
from connectors.eaccounting.lookups import batches
from connectors.eaccounting.price_lists import PRICES, PriceList, PriceLists, price_id, split_price_id
from connectors.errors import RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, RecordTarget, Removal, Written
from mapping.fields import Field, FieldKind
from mapping.rules import Rule

_BATCH: Final = 1000
_REMEMBERED: Final = 5000
_FIELDS: Final = (
    Field(
        "NetPrice",
        "Price without VAT",
        FieldKind.MONEY,
        places=4,
        description="Give this price or the one with VAT; eAccounting keeps this one.",
    ),
    Field("GrossPrice", "Price with VAT", FieldKind.MONEY, places=2, description="Sent as the price without VAT."),
)


@dataclass(frozen=True)
class _Place:
    """Where a price stands, or is to stand."""

    price_list: PriceList
    article: Record

    @property
    def target_id(self) -> str:
        return price_id(self.price_list.list_id, self.article_id)

    @property
    def article_id(self) -> str:
        return str(self.article["Id"])

    @property
    def number(self) -> str:
        return str(self.article.get("Number") or "")

    @property
    def price_name(self) -> str:
        """The price as people know it."""
        return f'Price of {self.number} in price list "{self.price_list.name}"'


@dataclass(frozen=True)
class _Row:
    """One price to send."""

    source_id: str
    place: _Place
    net: Decimal

    def written(self, problem: Problem | None = None) -> Written:
        return Written(self.source_id, self.place.target_id, self.place.number, problem)


class PriceTarget:
    """`RecordTarget` of group prices."""

    def __init__(self, client: VendorClient) -> None:
        self._api = Api(client)
        self._company = Company(self._api)
        self._articles = Articles(self._api, self._company)
        self._lists = PriceLists(self._api, self._company)
        self._places: dict[str, _Place | Problem] = {}

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """The prices there are; one for an unknown list or article, or in another currency, is a problem."""
        places = await self._located(keys, by)
        # What was looked for is mostly written next.
        self._places = places if len(self._places) > _REMEMBERED else {**self._places, **places}
        found: dict[str, Existing | Problem] = {
            source_id: place for source_id, place in places.items() if isinstance(place, Problem)
        }
        rows = await self._rows([place for place in places.values() if isinstance(place, _Place)])
        for source_id, place in places.items():
            if isinstance(place, _Place) and place.target_id in rows:
                try:
                    values = held_values(_FIELDS, rows[place.target_id], place.price_name)
                    found[source_id] = Existing(place.target_id, place.number, values)
                except RecordRefused as refusal:
                    found[source_id] = refusal.problem
        return found

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Set prices, one call per list and thousand. A refused thousand is halved until the refused price is found."""
        places = await self._known_places(changes)
        done: dict[str, Written] = {}
        by_list: dict[str, list[_Row]] = {}
        for change in changes:
            try:
                row = await self._row(change, places.get(change.source_id))
            except RecordRefused as refusal:
                held = change.existing
                done[change.source_id] = Written(
                    change.source_id, held.target_id if held else "", held.number if held else "", refusal.problem
                )
                continue
            by_list.setdefault(row.place.price_list.list_id, []).append(row)
        for rows in by_list.values():
            for begin in range(0, len(rows), _BATCH):
                done |= {written.source_id: written for written in await self._put(rows[begin : begin + _BATCH])}
        return [done[change.source_id] for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Give a price the article's own price again; nothing is sent when it has that already.

        Raises:
            RecordRefused: The list is in another currency than the articles, or eAccounting refuses the price.
        """
        if removal is not Removal.RESET:
            return
        key = Key(source_id=existing.target_id, text=existing.number, target_id=existing.target_id)
        place = (await self._located([key], Identifier.SKU)).get(key.source_id)
        if not isinstance(place, _Place):
            return
        own = (await self._company.facts()).currency
        if place.price_list.currency != own:
            raise RecordRefused(_no_own_price(place, own))
        net = decimal_of(place.article, "NetPrice", f"Article {place.number}")
        if net is None or net == existing.values.get("NetPrice"):
            return
        (written,) = await self._put([_Row(key.source_id, place, net)])
        if written.problem is not None:
            raise RecordRefused(written.problem)

    async def own_fields(self) -> Sequence[Field]:
        """None: the vendor has no custom fields."""
        return ()

    async def _located(self, keys: Sequence[Key], by: Identifier) -> dict[str, _Place | Problem]:
        """Where prices stand; left out are those of a known place whose list or article is gone, or is another now."""
        unavailable = await self._lists.unavailable(ProblemCode.REFUSED_BY_TARGET)
        if unavailable is not None:
            return {key.source_id: unavailable for key in keys}
        lists = await self._lists.read()
        known = {key.source_id: split_price_id(key.target_id) for key in keys if key.target_id}
        by_id = await self._articles.by_id(list(dict.fromkeys(article_id for _, article_id in known.values())))
        names = {key.source_id: key.details.get(str(by), "") for key in keys if not key.target_id}
        by_name = await self._articles.look_up(list(names.values()), by)
        places: dict[str, _Place | Problem] = {}
        for key in keys:
            if key.source_id in known:
                list_id, article_id = known[key.source_id]
                hit: Record | Problem | None = by_id.get(article_id)
                if list_id not in lists or hit is None or key.details.get("group", list_id) != list_id:
                    continue
            else:
                list_id, hit = key.details.get("group", ""), by_name.get(names[key.source_id])
            places[key.source_id] = _place(key, lists.get(list_id), hit)
        return places

    async def _known_places(self, changes: Sequence[Change]) -> Mapping[str, _Place | Problem]:
        """The places of the search just before; what it did not ask for is looked up now."""
        known = {
            change.source_id: place
            for change in changes
            if (place := self._places.get(change.source_id)) is not None and _is_meant(place, change)
        }
        for by in Identifier:
            keys = [
                _addressed(change)
                for change in changes
                if change.source_id not in known and _identifier(change.key) is by
            ]
            known |= await self._located(keys, by) if keys else {}
        return known

    async def _rows(self, places: Sequence[_Place]) -> Mapping[str, Record]:
        """The prices that exist, by id."""
        rows: dict[str, Record] = {}
        for list_id in dict.fromkeys(place.price_list.list_id for place in places):
            articles = [place.article_id for place in places if place.price_list.list_id == list_id]
            rows |= {price_id(list_id, str(row["ArticleId"])): row for row in await self._of_list(list_id, articles)}
        return rows

    async def _of_list(self, list_id: str, articles: Sequence[str]) -> list[Record]:
        path, operation = f"{PRICES}/{list_id}", "find prices of a price list"
        rows: list[Record] = []
        for batch in batches([f"ArticleId eq {article_id}" for article_id in dict.fromkeys(articles)]):
            found = await self._api.search(path, operation, " or ".join(batch))
            if found is None:
                return await self._api.records(path, operation)
            rows += found
        return rows

    async def _row(self, change: Change, place: _Place | Problem | None) -> _Row:
        if isinstance(place, Problem):
            raise RecordRefused(place)
        if place is None:
            raise RecordRefused(_gone(change.reference))
        net, gross = change.values.get("NetPrice"), change.values.get("GrossPrice")
        if net is None and gross is not None:
            rate = await self._company.vat_rate(str(place.article.get("CodingId") or ""))
            net = without_vat(gross, rate) if rate is not None else None
        if net is None:
            raise RecordRefused(_no_price(change.reference))
        return _Row(change.source_id, place, net)

    async def _put(self, rows: Sequence[_Row]) -> list[Written]:
        price_list = rows[0].place.price_list
        operation = f'set prices of price list "{price_list.name}"'
        if len(rows) == 1:
            operation = f'set the price of {rows[0].place.number} in price list "{price_list.name}"'
        body = [{"ArticleId": row.place.article_id, "NetPrice": row.net} for row in rows]
        answer = await self._api.put(
            f"/salespricelists/{price_list.list_id}/prices",
            operation,
            body,
            accept={Action.PARK_ITEM, Action.GONE, Action.CONFLICT},
        )
        if ANSWERS.classify(answer) is Action.ACCEPT:
            return [row.written() for row in rows]
        if len(rows) == 1:
            return [rows[0].written(ANSWERS.problem(answer, operation, writing=True))]
        middle = len(rows) // 2
        return [*await self._put(rows[:middle]), *await self._put(rows[middle:])]


def _identifier(key: Key) -> Identifier:
    """What a key names its article by, as its text tells."""
    by_number = key.text == f"{key.details.get('group', '')}/{key.details.get('sku', '')}"
    return Identifier.SKU if by_number or not key.details.get("ean") else Identifier.EAN


def _is_meant(place: _Place | Problem, change: Change) -> bool:
    """Whether a change is to be written there; its former place may have been looked for since, to take it away."""
    if isinstance(place, Problem):
        return False
    if change.existing is not None:
        return place.target_id == change.existing.target_id
    return place.price_list.list_id == change.key.details.get("group")


def _addressed(change: Change) -> Key:
    return replace(change.key, target_id=change.existing.target_id if change.existing else "")


def _place(key: Key, price_list: PriceList | None, article: Record | Problem | None) -> _Place | Problem:
    if price_list is None:
        return _unknown_list(key)
    currency = key.details.get("currency", "").upper()
    if currency and currency != price_list.currency:
        return _other_currency(key, price_list, currency)
    if article is None:
        return _unknown_article(key)
    return article if isinstance(article, Problem) else _Place(price_list, article)


def _name(key: Key) -> str:
    return key.details.get("sku") or key.details.get("ean") or key.text


def _unknown_list(key: Key) -> Problem:
    group = key.details.get("group", "")
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="customer_group",
        value=group,
        sentence=(
            f"Price of {_name(key)}: eAccounting has no price list {group}. Choose an existing one in the customer"
            " groups of the flow, and retry."
        ),
    )


def _other_currency(key: Key, price_list: PriceList, currency: str) -> Problem:
    return Problem(
        code=ProblemCode.UNKNOWN_CURRENCY,
        field="currency",
        value=currency,
        sentence=(
            f'Price of {_name(key)}: it is in {currency}, and price list "{price_list.name}" of eAccounting is in'
            f" {price_list.currency}. Choose a price list in {currency} for this customer group, and retry."
        ),
    )


def _unknown_article(key: Key) -> Problem:
    return Problem(
        code=ProblemCode.UNKNOWN_PRODUCT,
        field="product",
        value=_name(key),
        sentence=(
            f"Price of {_name(key)}: there is no such article in eAccounting. Create it there, or let a products flow"
            " do so, and retry."
        ),
    )


def _gone(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.RECORD_GONE,
        field="price list",
        value=reference,
        sentence=f"Price {reference}: its price list or article does not exist in eAccounting any more. Retry.",
    )


def _no_price(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field="NetPrice",
        value="",
        sentence=(
            f"Price {reference}: neither a price without VAT nor one with VAT that can be converted is given. Enter it"
            " at the source, or correct the rule of NetPrice, and retry."
        ),
    )


def _no_own_price(place: _Place, own: str) -> Problem:
    currency = place.price_list.currency
    return Problem(
        code=ProblemCode.UNKNOWN_CURRENCY,
        field="currency",
        value=currency,
        sentence=(
            f'Price of {place.number} in price list "{place.price_list.name}": it cannot be reset, because the list is'
            f" in {currency} and the article's own price in {own}. Set the price in eAccounting by hand."
        ),
    )


def _open(client: VendorClient, _connection: BaseModel, _settings: BaseModel) -> RecordTarget:
    return PriceTarget(client)


PRICE_TARGET: Final = RecordTargetDeclaration(
    open=_open,
    settings=PriceTargetSettings,
    fields=_FIELDS,
    mapping=(
        Rule(target="NetPrice", expression="price_excl"),
        Rule(target="GrossPrice", expression="price_incl if price_excl is absent else none"),
    ),
    settle=timedelta(seconds=30),
    batch=_BATCH,
    identifiers=frozenset({Identifier.SKU, Identifier.EAN}),
    removals=frozenset({Removal.LEAVE, Removal.RESET}),
    value_tables={"customer_group": "price_lists"},
)
