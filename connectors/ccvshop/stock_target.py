"""Take stock in, of products and of variants. Source: CCV Shop API documentation, stock."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from commerce.problems import Problem, ProblemCode
from connectors.ccvshop.api import ROOT
from connectors.ccvshop.article_settings import CcvStockTarget
from connectors.ccvshop.articles import Article, ArticleFinder, ambiguous
from connectors.ccvshop.fields import Fields
from connectors.ccvshop.stock_source import keeps_stock_per_variant
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.errors import RecordGone, RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, Removal, Written
from mapping.fields import Field, FieldKind
from mapping.rules import Rule

STOCK_FIELDS: tuple[Field, ...] = (
    Field("stock", "Stock", FieldKind.NUMBER, places=4),
    Field("stockenabled", "Keep stock", FieldKind.BOOLEAN, description="Of the product, so for all its variants."),
)
STOCK_MAPPING: tuple[Rule, ...] = (
    Rule(target="stock", expression="quantity"),
    Rule(target="stockenabled", expression="managed"),
)


class CcvStockTaken:
    """`RecordTarget` of stock: absolute figures, on articles that exist."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client
        self._finder = ArticleFinder(client, ("attributecombinations",))

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """Products and variants by number or id: at most 0.2 calls each in a small shop, 1 in a large one."""
        answers = await self._finder.find(keys, by)
        found: dict[str, Existing | Problem] = {}
        for key in keys:
            articles = answers[key.source_id]
            if len(articles) > 1:
                found[key.source_id] = ambiguous(key, by, articles)
            elif articles and articles[0].combination is None and keeps_stock_per_variant(articles[0].product):
                found[key.source_id] = _per_variant(key)
            elif articles:
                try:
                    found[key.source_id] = _existing(articles[0])
                except RecordRefused as refusal:
                    found[key.source_id] = refusal.problem
        return found

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Set what differs; a second run sets the same again."""
        return [await self._write(change) for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """None left."""
        if removal is Removal.ZERO and existing.values.get("stock") != 0:
            try:
                await self._send(existing.target_id, existing.number, {"stock": 0})
            except RecordGone:
                return

    async def own_fields(self) -> Sequence[Field]:
        """Stock has no members of a shop's own."""
        return ()

    async def _write(self, change: Change) -> Written:
        existing = change.existing
        if existing is None:
            return Written(change.source_id, problem=_missing(change.reference))
        try:
            await self._send(existing.target_id, change.reference, change.values)
        except RecordRefused as refusal:
            return Written(change.source_id, existing.target_id, existing.number, refusal.problem)
        except RecordGone:
            return Written(change.source_id, problem=_missing(change.reference))
        return Written(change.source_id, existing.target_id, existing.number)

    async def _send(self, target_id: str, reference: str, values: Mapping[str, Any]) -> None:
        product_id, _, combination_id = target_id.partition(":")
        operation = f"set the stock of product {reference}"
        self._finder.forget(target_id)
        of_product = {name: value for name, value in values.items() if name == "stockenabled" or not combination_id}
        if of_product:
            await self._client.write("PATCH", f"{ROOT}/products/{product_id}/", of_product, operation=operation)
        if combination_id and "stock" in values:
            path = f"{ROOT}/attributecombinations/{combination_id}/"
            await self._client.write("PATCH", path, {"stock": values["stock"]}, operation=operation)


def _existing(article: Article) -> Existing:
    product = Fields(f"Product {article.product.get('productnumber') or article.product.get('id')}", article.product)
    product.whole_number("id")
    members = product if article.combination is None else Fields(f"Variant of {product.record}", article.combination)
    number = members.text("productnumber") or members.text("product_number") or members.text("sku_number")
    values = {"stock": members.amount("stock"), "stockenabled": product.flag("stockenabled")}
    return Existing(article.target_id, number, values)


def _per_variant(key: Key) -> Problem:
    sentence = (
        f'Stock of {key.text}: the shop keeps the stock of product "{key.text}" per variant. '
        "Give each variant its own number in the shop, and leave this one out with the flow's filter."
    )
    return Problem(code=ProblemCode.INVALID_VALUE, field="productnumber", value=key.text, sentence=sentence)


def _missing(reference: str) -> Problem:
    sentence = f'Stock of {reference}: the shop has no product with the number "{reference}". Create it, then retry.'
    return Problem(code=ProblemCode.UNKNOWN_PRODUCT, field="productnumber", value=reference, sentence=sentence)


def _open(client: VendorClient, _connection: BaseModel, _settings: BaseModel) -> CcvStockTaken:
    return CcvStockTaken(client)


STOCK_TARGET = RecordTargetDeclaration(
    open=_open,
    settings=CcvStockTarget,
    fields=STOCK_FIELDS,
    mapping=STOCK_MAPPING,
    settle=timedelta(seconds=60),
    creates=False,
    identifiers=frozenset({Identifier.SKU, Identifier.EAN}),
    removals=frozenset({Removal.LEAVE, Removal.ZERO}),
)
