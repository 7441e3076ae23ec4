"""Find products and their variants by number or id, with as few calls as the shop's filters allow.

The shop answers one number per call. A listing of up to 250 products per call is cheaper when the shop is small beside
what is looked for: it is read when it takes at most one call per five records, which one call finds out beforehand.
Then a record costs at most 0.2 calls to find, otherwise 1. It is also read once as many single look-ups were made as it
takes calls: linking 100 000 products takes some 800 calls instead of 100 000. A listing of several pages is used again
for a while, except for what is written meanwhile.
Source: CCV Shop API documentation, products.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commerce.problems import Problem, ProblemCode
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, items_of, pages, read_collection
from connectors.ccvshop.article_index import ArticleIndex
from connectors.client import VendorClient
from connectors.errors import RecordGone, Temporary
from connectors.protocols import Identifier, RefusedListing
from connectors.records import Key

_WORTH_A_SCAN = 10
_RECORDS_PER_CALL = 5
_WORTH_AN_INDEX = 100
_PRODUCT_NUMBERS: Mapping[Identifier, str] = {Identifier.SKU: "productnumber", Identifier.EAN: "eannumber"}
_VARIANT_NUMBERS: Mapping[Identifier, tuple[str, ...]] = {
    Identifier.SKU: ("product_number", "sku_number"),
    Identifier.EAN: ("ean_number",),
}
_QUERIES: Mapping[Identifier, tuple[str, ...]] = {
    Identifier.SKU: ("productnumber", "skunumber"),
    Identifier.EAN: ("eannumber",),
}


@dataclass(frozen=True)
class Article:
    """A product of the shop, or one of its variants: a combination of attributes."""

    product: Mapping[str, Any]
    combination: Mapping[str, Any] | None = None

    @property
    def target_id(self) -> str:
        """The product's id; of a variant both ids."""
        own = str(self.product.get("id"))
        return own if self.combination is None else f"{own}:{self.combination.get('id')}"


def collection_of(product: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """An expanded sub-collection; empty when there is none."""
    part = product.get(name)
    items = part.get("collection") if isinstance(part, Mapping) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def variants_of(product: Mapping[str, Any]) -> list[Article]:
    """The product's combinations of attributes."""
    return [Article(product, combination) for combination in collection_of(product, "attributecombinations")]


def refused_listings(articles: Sequence[Article], sentence: str) -> list[RefusedListing]:
    """Articles of a product that cannot be read, each by its own id: what a list does not name counts as gone."""
    return [
        RefusedListing(article.target_id if article.product.get("id") else "", sentence, dict(article.product))
        for article in articles
    ]


class ArticleFinder:
    """Looks articles up in one shop; ``expand`` names the sub-collections that every product comes with."""

    def __init__(self, client: VendorClient, expand: Sequence[str]) -> None:
        self._client = client
        self._expand = {"expand": ",".join(expand)} if expand else {}
        self._has_variants: bool | None = None
        self._index = ArticleIndex()
        self._single_calls = 0

    async def find(self, keys: Sequence[Key], by: Identifier) -> dict[str, list[Article]]:
        """What answers to each key, by source id; a key with a ``target_id`` is only looked for by that."""
        found: dict[str, list[Article]] = {key.source_id: [] for key in keys}
        known = [key for key in keys if key.target_id]
        certain = await self._listed_now(known, by, found)
        for key in known:
            if not found[key.source_id] and not certain:
                # A listing in pages can miss a product when another one is removed meanwhile.
                found[key.source_id] = await self._by_id(key.target_id)
        new = [key for key in keys if not key.target_id]
        certain = False
        if await self._is_listed(len(new)):
            certain = self._index.on_one_page
            self._take_listed(self._index, new, by, found)
        for key in new:
            if not found[key.source_id] and not certain:
                self._single_calls += 1
                found[key.source_id] = await self._by_number(key.text, by)
        return found

    def forget(self, target_id: str) -> None:
        """An article is about to be written: what was listed of its product is not used again."""
        self._index.forget(f"id {target_id.partition(':')[0]}")

    async def read(self, product_id: str) -> dict[str, Any]:
        """One product. Raises `RecordGone`."""
        if not (product_id.isascii() and product_id.isdigit()):
            raise RecordGone("product", product_id)
        path = f"{ROOT}/products/{product_id}/"
        answer = await self._client.read("GET", path, self._expand, operation=f"read product {product_id}")
        if not isinstance(answer.body, dict):
            raise Temporary(f"CCV Shop did not send product {product_id}.")
        return answer.body

    async def _listed_now(self, keys: Sequence[Key], by: Identifier, found: dict[str, list[Article]]) -> bool:
        """Fill in records we may have written ourselves, from a listing of this moment if one is worth its calls.

        An older listing would show what stood there before our own write, here or in another worker. Returns whether
        what is missing is certain to be absent.
        """
        if len(keys) < _WORTH_A_SCAN or not await self._fits_in(max(1, len(keys) // _RECORDS_PER_CALL)):
            return False
        index = await self._listing()
        self._take_listed(index, keys, by, found)
        return index.on_one_page

    async def _is_listed(self, wanted: int) -> bool:
        """Whether there is a listing to look new records up in; it is read when it is worth its calls."""
        if self._index.usable:
            return True
        if wanted < _WORTH_A_SCAN:
            return False
        calls = max(1, wanted // _RECORDS_PER_CALL)
        if self._single_calls >= _WORTH_AN_INDEX:
            calls = max(calls, self._single_calls)
        if not await self._fits_in(calls):
            return False
        self._index, self._single_calls = await self._listing(), 0
        return True

    async def _listing(self) -> ArticleIndex:
        index, seen = ArticleIndex(), set()
        async for page in pages(self._client, f"{ROOT}/products/", self._expand, operation="list products"):
            index.turn_page()
            for product in page:
                if product.get("id") not in seen:
                    seen.add(product.get("id"))
                    index.add(product, _names(product))
        index.finish()
        return index

    def _take_listed(
        self, index: ArticleIndex, keys: Sequence[Key], by: Identifier, found: dict[str, list[Article]]
    ) -> None:
        for key in keys:
            if key.target_id:
                products = index.named(f"id {key.target_id.partition(':')[0]}")
                articles = [one for product in products for one in (Article(product), *variants_of(product))]
                found[key.source_id] = [one for one in articles if one.target_id == key.target_id]
            else:
                found[key.source_id] = _matching(index.named(f"{by} {key.text}"), key.text, by)

    async def _fits_in(self, calls: int) -> bool:
        """Whether so many pages show the whole shop."""
        beyond = calls * LARGEST_PAGE
        params = {"orderby": "id", "start": str(beyond), "size": "1"}
        answer = await read_collection(self._client, f"{ROOT}/products/", params, operation="list products")
        return not items_of(answer)

    async def _by_id(self, target_id: str) -> list[Article]:
        product_id, _, combination_id = target_id.partition(":")
        try:
            product = await self.read(product_id)
        except RecordGone:
            return []
        articles = variants_of(product) if combination_id else [Article(product)]
        return [article for article in articles if article.target_id == target_id]

    async def _by_number(self, number: str, by: Identifier) -> list[Article]:
        if not number:
            return []
        products = await self._listed(f"{ROOT}/products/", {_PRODUCT_NUMBERS[by]: number, **self._expand})
        found = _matching(products, number, by)
        if found or not await self._shop_has_variants():
            return found
        for name in _QUERIES[by]:
            found = _matching(await self._listed(f"{ROOT}/productqueries/", {name: number}), number, by)
            if found:
                return found
        return []

    async def _listed(self, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        found = [
            item async for page in pages(self._client, path, params, operation="look products up") for item in page
        ]
        return list({item.get("id"): item for item in found}.values())

    async def _shop_has_variants(self) -> bool:
        """Without attributes there are none, which spares the slow search through all variants."""
        if self._has_variants is None:
            answer = await read_collection(self._client, f"{ROOT}/attributes/", operation="list attributes")
            self._has_variants = bool(items_of(answer))
        return self._has_variants


def _numbers(article: Article, by: Identifier) -> set[str]:
    if article.combination is None:
        return {str(article.product.get(_PRODUCT_NUMBERS[by]) or "").strip()} - {""}
    return {str(article.combination.get(name) or "").strip() for name in _VARIANT_NUMBERS[by]} - {""}


def _names(product: Mapping[str, Any]) -> set[str]:
    """What an index knows a product by: its id, and every number of it and of its variants."""
    articles = (Article(product), *variants_of(product))
    numbers = {f"{by} {number}" for by in Identifier for article in articles for number in _numbers(article, by)}
    return {f"id {product.get('id')}", *numbers}


def _matching(products: Iterable[Mapping[str, Any]], number: str, by: Identifier) -> list[Article]:
    """Whether the shop's filter compares whole numbers is not documented, so they are compared here."""
    articles = [article for product in products for article in (Article(product), *variants_of(product))]
    return [article for article in articles if number in _numbers(article, by)]


def ambiguous(key: Key, by: Identifier, articles: Sequence[Article]) -> Problem:
    """Several articles answer to one number."""
    word = "SKU" if by is Identifier.SKU else "EAN"
    ids = ", ".join(article.target_id for article in articles)
    sentence = (
        f'Product {key.text}: the shop has {len(articles)} products with the {word} "{key.text}" (ids {ids}). '
        f"Leave the {word} on one of them, then retry."
    )
    return Problem(code=ProblemCode.AMBIGUOUS_MATCH, field=_PRODUCT_NUMBERS[by], value=key.text, sentence=sentence)
