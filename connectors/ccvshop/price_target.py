"""Take prices of customer groups in. Source: CCV Shop API documentation, user group product adjustments."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel

from commerce.money import cents
from commerce.problems import Problem, ProblemCode
from connectors.answers import Action
from connectors.ccvshop.article_settings import TaxTariff
from connectors.ccvshop.articles import Article, ArticleFinder, ambiguous
from connectors.ccvshop.fields import Fields
from connectors.ccvshop.groups import ADJUSTMENTS, Adjustment, GroupPrices, read_price, shop_currency
from connectors.ccvshop.price_settings import FIELDS, CcvPriceTarget, price_rules
from connectors.ccvshop.writing import created_id, refusal, settled
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.errors import OutcomeUnknown, RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, Removal, Written
from mapping.fields import Field

_REMEMBERED_SECONDS = 600
_NET_PLACES = Decimal("0.0001")
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class _Sold:
    product_id: int
    rate: Decimal | None
    tariff: str


class CcvGroupPrices:
    """`RecordTarget` of the prices of customer groups: one per group and product; variants have none of their own."""

    def __init__(
        self, client: VendorClient, settings: CcvPriceTarget, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._prices = GroupPrices(client, clock)
        self._finder = ArticleFinder(client, ())
        self._sold: dict[tuple[Identifier, str], _Sold] = {}
        self._sold_since = clock()
        self._currency = ""

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """Products as `ArticleFinder` finds them, then one list per group; having no groups is every key's problem.

        A key that names no group but a price is looked at to be removed.
        """
        try:
            groups = await self._prices.groups()
        except RecordRefused as refused:
            return {key.source_id: refused.problem for key in keys}
        ends = [key for key in keys if key.target_id and "group" not in key.details]
        found = await self._to_remove(ends)
        usable: list[Key] = []
        for key in keys:
            if key in ends:
                continue
            if problem := await self._unusable(key, groups):
                found[key.source_id] = problem
            else:
                usable.append(key)
        sold = await self._products(usable, by)
        by_group: defaultdict[str, list[tuple[Key, _Sold]]] = defaultdict(list)
        for key in usable:
            product = sold[key.source_id]
            if isinstance(product, Problem):
                found[key.source_id] = product
            else:
                by_group[key.details["group"]].append((key, product))
        for group, pairs in by_group.items():
            found |= await self._of_group(group, groups[group], pairs)
        return found

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Create or change one price after another; a price that comes to what the shop has is not sent."""
        return [await settled(change, self._write(change)) for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Delete: the product costs the group what it costs everyone."""
        if removal is not Removal.DELETE:
            return
        operation = f"remove the group price {existing.number}"
        path = f"{ADJUSTMENTS}{existing.target_id}/"
        await self._client.write("DELETE", path, operation=operation, accept={Action.GONE})

    async def own_fields(self) -> Sequence[Field]:
        """None: prices of a group all have the same members."""
        return ()

    async def _write(self, change: Change) -> Written:
        if change.existing is None:
            return await self._create(change, change.key.details["group"])
        state = change.existing.state
        await self._send(change, state["adjustment"], state["product"])
        return Written(change.source_id, change.existing.target_id, change.existing.number)

    async def _create(self, change: Change, group: str) -> Written:
        product = await self._product(change)
        members = self._members(change, product)
        if members.get("price") is None:
            raise refusal(
                ProblemCode.MISSING_FIELD,
                "price",
                "",
                f"{change.reference}: the source states no price for this customer group, which is not the same as a "
                "price of zero. Enter one, or take the article off the price list, then retry.",
            )
        names = {"product_id": product.product_id, "usergroup_id": int(group)}
        answer = await self._client.write(
            "POST", ADJUSTMENTS, {**names, **members}, operation=_operation(change), accept={Action.CONFLICT}
        )
        if adjustment_id := created_id(answer):
            return Written(change.source_id, adjustment_id, change.reference)
        now = await self._prices.ask(group, product.product_id)
        if len(now) != 1:
            sentence = f"CCV Shop does not show the group price {change.reference}; this will be looked up."
            raise OutcomeUnknown(sentence, settled=True)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            await self._send(change, now[0], product)
        return Written(change.source_id, str(now[0].adjustment_id), change.reference)

    async def _send(self, change: Change, before: Adjustment, product: _Sold) -> None:
        members = self._members(change, product)
        if before.price is None and members.get("price") is None:
            members.pop("discount", None)
        differing = {name: value for name, value in members.items() if value != getattr(before, name)}
        if differing:
            path = f"{ADJUSTMENTS}{before.adjustment_id}/"
            await self._client.write("PATCH", path, differing, operation=_operation(change))

    def _members(self, change: Change, product: _Sold) -> dict[str, Any]:
        """The shop's own members for a change. Raises `RecordRefused` when a needed rate is unknown."""
        values = change.values
        members = {name: values[name] for name in ("price", "discount", "hidden") if name in values}
        if "price" not in members:
            for name, with_tax in (("price_with_tax", True), ("price_without_tax", False)):
                if name in values:
                    members["price"] = self._in_shop(change, product, values[name], with_tax=with_tax)
                    break
        return members

    def _in_shop(self, change: Change, product: _Sold, price: Decimal, *, with_tax: bool) -> Decimal:
        if with_tax is self._settings.prices_include_tax:
            return price
        if product.rate is None:
            raise refusal(
                ProblemCode.UNKNOWN_TAX_RATE,
                "taxtariff",
                product.tariff,
                f'{change.reference}: the VAT rate of the shop\'s tariff "{product.tariff}" is not known, so the price '
                "cannot be converted. Enter it in the flow's setting VAT rate per tariff, then retry.",
            )
        return _without(price, product.rate) if with_tax else _with(price, product.rate)

    def _existing(self, one: Adjustment, product: _Sold, group_name: str, key: Key) -> Existing:
        include, price, rate = self._settings.prices_include_tax, one.price, product.rate
        other = None
        if price is not None and rate is not None:
            other = cents(_without(price, rate)) if include else _with(price, rate)
        values = {
            "price": price,
            "price_with_tax": price if include else other,
            "price_without_tax": other if include else price,
            "discount": Decimal(0) if one.discount is None and price is not None else one.discount,
            "hidden": one.hidden,
        }
        number = f"{group_name} / {key.details.get('sku') or key.details.get('ean', '')}"
        state = {"adjustment": one, "product": product}
        return Existing(str(one.adjustment_id), number, values, state)

    async def _of_group(
        self, group: str, name: str, pairs: Sequence[tuple[Key, _Sold]]
    ) -> dict[str, Existing | Problem]:
        try:
            prices = await self._prices.of(group, (product.product_id for _, product in pairs))
        except RecordRefused as refused:
            return {key.source_id: refused.problem for key, _ in pairs}
        found: dict[str, Existing | Problem] = {}
        for key, product in pairs:
            match prices.get(product.product_id, []):
                case Problem() as problem:
                    found[key.source_id] = problem
                case [one] if key.target_id in {"", str(one.adjustment_id)}:
                    found[key.source_id] = self._existing(one, product, name, key)
                case [_, _, *_] as several:
                    found[key.source_id] = _several(key, name, several)
        return found

    async def _to_remove(self, keys: Sequence[Key]) -> dict[str, Existing | Problem]:
        found: dict[str, Existing | Problem] = {}
        for key in keys:
            try:
                if await read_price(self._client, key.target_id):
                    found[key.source_id] = Existing(key.target_id, key.text, {})
            except RecordRefused as refused:
                found[key.source_id] = refused.problem
        return found

    async def _unusable(self, key: Key, groups: Mapping[str, str]) -> Problem | None:
        group, currency = key.details.get("group", ""), key.details.get("currency", "")
        if group not in groups:
            named = f'customer group "{group}" does not exist in the shop' if group else "no customer group is named"
            sentence = (
                f"Price {key.text}: {named}. Choose one for its price list in the table of customer groups, then retry."
            )
            return Problem(code=ProblemCode.UNMAPPED_VALUE, field="usergroup_id", value=group, sentence=sentence)
        if currency and currency != (own := await self._own_currency()):
            sentence = (
                f"Price {key.text}: it is in {currency}, and the shop sells in {own}. "
                "Leave this price list out of the flow, or give it the shop's currency, then retry."
            )
            return Problem(code=ProblemCode.UNKNOWN_CURRENCY, field="currency", value=currency, sentence=sentence)
        return None

    async def _own_currency(self) -> str:
        if not self._currency:
            self._currency = await shop_currency(self._client)
        return self._currency

    async def _product(self, change: Change) -> _Sold:
        """The product of a change, which was found just before."""
        by = Identifier.SKU if change.key.details.get("sku") else Identifier.EAN
        for known_by in (Identifier.SKU, Identifier.EAN):
            if known := self._sold.get((known_by, change.key.details.get(known_by, ""))):
                return known
        product = (await self._products([change.key], by))[change.key.source_id]
        if isinstance(product, Problem):
            raise RecordRefused(product)
        return product

    async def _products(self, keys: Sequence[Key], by: Identifier) -> dict[str, _Sold | Problem]:
        if self._clock() - self._sold_since > _REMEMBERED_SECONDS:
            self._sold.clear()
            self._sold_since = self._clock()
        numbers = {key.source_id: key.details.get(by, "") for key in keys}
        unknown = {number for number in numbers.values() if number and (by, number) not in self._sold}
        asked = [Key(number, number) for number in sorted(unknown)]
        articles = await self._finder.find(asked, by) if asked else {}
        problems: dict[str, Problem] = {}
        for key in asked:
            product = self._sold_as(key, by, articles[key.source_id])
            if isinstance(product, Problem):
                problems[key.text] = product
            else:
                self._sold[by, key.text] = product
        return {
            source_id: problems.get(number) or self._sold.get((by, number)) or _unknown(number, by)
            for source_id, number in numbers.items()
        }

    def _sold_as(self, key: Key, by: Identifier, articles: Sequence[Article]) -> _Sold | Problem:
        if len(articles) > 1:
            return ambiguous(key, by, articles)
        if not articles or articles[0].combination is not None:
            return _unknown(key.text, by, is_variant=bool(articles))
        product = Fields(f"Product {key.text}", articles[0].product)
        tariff = product.text("taxtariff")
        try:
            rate = product.amount("vatrate")
            if rate is None and tariff in {*TaxTariff}:
                rate = self._settings.rates.get(TaxTariff(tariff))
            return _Sold(product.whole_number("id"), rate, tariff)
        except RecordRefused as refused:
            return refused.problem


def _with(price: Decimal, rate: Decimal) -> Decimal:
    return cents(price * (_HUNDRED + rate) / _HUNDRED)


def _without(price: Decimal, rate: Decimal) -> Decimal:
    return (price * _HUNDRED / (_HUNDRED + rate)).quantize(_NET_PLACES)


def _operation(change: Change) -> str:
    return f"set the group price {change.reference}"


def _unknown(number: str, by: Identifier, *, is_variant: bool = False) -> Problem:
    word = "SKU" if by is Identifier.SKU else "EAN"
    if is_variant:
        sentence = (
            f'The {word} "{number}" is that of a variant, and the shop keeps group prices of whole products only. '
        )
    elif number:
        sentence = f'The shop has no product with the {word} "{number}". '
    else:
        sentence = f"The price names no {word}. "
    return Problem(
        code=ProblemCode.UNKNOWN_PRODUCT,
        field="product_id",
        value=number,
        sentence=sentence + "Create the product, or take the article off the price list, then retry.",
    )


def _several(key: Key, group_name: str, several: Sequence[Adjustment]) -> Problem:
    ids = ", ".join(str(one.adjustment_id) for one in several)
    return Problem(
        code=ProblemCode.AMBIGUOUS_MATCH,
        field="usergroupproductadjustments",
        value=key.text,
        sentence=f"Price {key.text}: the shop has several prices of this product for {group_name} (ids {ids}). "
        "Remove all but one, then retry.",
    )


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvGroupPrices:
    return CcvGroupPrices(client, CcvPriceTarget.model_validate(settings))


PRICE_TARGET: Final = RecordTargetDeclaration(
    open=_open,
    settings=CcvPriceTarget,
    fields=FIELDS,
    mapping=price_rules(CcvPriceTarget()),
    mapping_for=price_rules,
    settle=timedelta(minutes=2),
    identifiers=frozenset({Identifier.SKU, Identifier.EAN}),
    removals=frozenset({Removal.LEAVE, Removal.DELETE}),
    value_tables={"customer_group": "user_groups"},
)
