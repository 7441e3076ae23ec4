"""Take products in. Source: CCV Shop API documentation, products."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from commerce.problems import Problem, ProblemCode
from connectors.answers import Action
from connectors.ccvshop.api import ROOT
from connectors.ccvshop.article_fields import PRODUCT_FIELDS, held_values, written_values
from connectors.ccvshop.article_settings import CcvProductTarget, TaxTariff
from connectors.ccvshop.articles import Article, ArticleFinder, ambiguous, collection_of
from connectors.ccvshop.categories import CategoryTree, Path, folded, wanted_paths
from connectors.ccvshop.fields import Fields
from connectors.ccvshop.photos import (
    MOST_PHOTOS,
    PhotoMarks,
    PhotoWork,
    do_photos,
    plan_photos,
    wanted_photos,
)
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, Removal, Written
from mapping.fields import Field
from mapping.rules import Rule, When

_EXPAND = ("attributecombinations", "productphotos", "producttocategories")
_MEGABYTE = 1024 * 1024


class CcvProductsTaken:
    """`RecordTarget` for simple products.

    A variant is part of its product here and comes into being with attributes, so it is never written as a product.
    """

    def __init__(self, client: VendorClient, settings: CcvProductTarget) -> None:
        self._client = client
        self._settings = settings
        self._finder = ArticleFinder(client, _EXPAND)
        self._tree = CategoryTree(client)

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """Products by number or id: at most 0.2 calls each in a small shop, 1 in a large one."""
        self._tree.forget()
        answers = await self._finder.find(keys, by)
        found: dict[str, Existing | Problem] = {}
        for key in keys:
            articles = answers[key.source_id]
            if len(articles) > 1:
                found[key.source_id] = ambiguous(key, by, articles)
            elif articles and articles[0].combination is not None:
                found[key.source_id] = _is_variant(key, articles[0])
            elif articles:
                try:
                    found[key.source_id] = await self._existing(articles[0].product)
                except RecordRefused as refusal:
                    found[key.source_id] = refusal.problem
        return found

    def same(self, field: str, held: Any, wanted: Any) -> bool:
        """Categories beside the wanted ones are no difference unless they are to be replaced; photos go by address."""
        try:
            if field == "categories":
                have = {folded(tuple(path)) for path in held or ()}
                want = {folded(path) for path in wanted_paths("", wanted)}
                return want == have if self._settings.replace_categories else want <= have
            if field == "photos":
                return {photo["digest"] for photo in held or ()} == {item.digest for item in wanted_photos("", wanted)}
        except RecordRefused:
            return False
        if isinstance(wanted, str):
            return wanted.strip() == str(held or "").strip()
        return bool(held == wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Create or update one product after the other, with its categories and photos."""
        return [await self._write(change) for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Take a product off the website, or move it to the shop's bin."""
        path = f"{ROOT}/products/{existing.target_id}/"
        operation = f"remove product {existing.number}"
        self._finder.forget(existing.target_id)
        try:
            if removal is Removal.DELETE:
                await self._client.write("DELETE", path, operation=operation)
            elif removal is Removal.ARCHIVE and existing.values.get("active") is not False:
                await self._client.write("PATCH", path, {"active": False}, operation=operation)
        except RecordGone:
            return

    async def own_fields(self) -> Sequence[Field]:
        """The shop's products have no members of a shop's own."""
        return ()

    async def _existing(self, product: Mapping[str, Any]) -> Existing:
        number = str(product.get("productnumber") or "")
        fields = Fields(f"Product {number or product.get('id')}", product)
        links = collection_of(product, "producttocategories")
        marks = PhotoMarks.read(str(product.get("memo") or ""))[0]
        photos = collection_of(product, "productphotos")
        ours = marks.settled([photo["id"] for photo in photos]).ours
        values = held_values(fields) | {
            "currency": self._settings.currency,
            "categories": [list(path) for path in await self._tree.paths([link["category_id"] for link in links])],
            "photos": [
                {"url": photo.get("deeplink"), "digest": ours[photo["id"]]} for photo in photos if photo["id"] in ours
            ],
        }
        state = {"memo": product.get("memo") or "", "links": links, "photos": photos}
        return Existing(str(fields.whole_number("id")), number, values, state)

    async def _write(self, change: Change) -> Written:
        record = f"product {change.reference}"
        target_id = change.existing.target_id if change.existing else ""
        self._finder.forget(target_id)
        problems: list[Problem] = []
        try:
            work = await self._photo_work(record, change)
            target_id = await self._write_members(record, change, work)
            if work is not None:
                problems += await self._write_photos(record, target_id, change, work)
            await self._write_categories(record, target_id, change)
        except RecordRefused as refusal:
            problems.append(refusal.problem)
        except RecordGone:
            problems.append(_is_gone(change))
        number = str(change.values.get("productnumber") or (change.existing.number if change.existing else ""))
        notes = [problem.sentence for problem in problems[1:]]
        if len(change.values.get("photos") or ()) > MOST_PHOTOS:
            notes.append(f"Only the first {MOST_PHOTOS} photos are sent.")
        return Written(change.source_id, target_id, number, problems[0] if problems else None, notes)

    async def _photo_work(self, record: str, change: Change) -> PhotoWork | None:
        if "photos" not in change.values:
            return None
        state: Mapping[str, Any] = change.existing.state if change.existing else {"memo": "", "photos": ()}
        wanted = wanted_photos(_at_start(record), change.values["photos"])
        marks = PhotoMarks.read(state["memo"])[0]
        largest = self._settings.largest_photo_mb * _MEGABYTE
        return await plan_photos(_at_start(record), state["photos"], marks, wanted, largest)

    async def _write_members(self, record: str, change: Change, work: PhotoWork | None) -> str:
        body = written_values(change.values)
        currency = str(change.values.get("currency") or "").strip().upper()
        if currency and currency != self._settings.currency:
            raise RecordRefused(_other_currency(record, currency, self._settings.currency))
        if "taxtariff" in body and body["taxtariff"] not in set(TaxTariff):
            raise RecordRefused(_no_tariff(record, body["taxtariff"]))
        memo = self._memo(change, None if work is None else work.marks)
        if memo is not None:
            body["memo"] = memo
        if change.existing is None:
            return await self._create(record, change, body)
        if body:
            path = f"{ROOT}/products/{change.existing.target_id}/"
            await self._client.write("PATCH", path, body, operation=f"change {record}")
        return change.existing.target_id

    async def _create(self, record: str, change: Change, body: dict[str, Any]) -> str:
        body.setdefault("discount", 0)
        if "package_id" not in body:
            body["package_id"] = self._package(record)
        answer = await self._client.write("POST", f"{ROOT}/products/", body, operation=f"create {record}")
        created = answer.body.get("id") if isinstance(answer.body, dict) else None
        if isinstance(created, int):
            return str(created)
        # The shop sometimes creates a record and answers with nothing.
        by = next((by for by, name in _NUMBERS.items() if body.get(name) == change.key.text), Identifier.SKU)
        number = str(body.get(_NUMBERS[by]) or "")
        found = (await self._finder.find([Key(change.source_id, number)], by))[change.source_id]
        products = [article for article in found if article.combination is None]
        if not products:
            raise OutcomeUnknown(f"CCV Shop did not say whether it created {record}.", settled=True)
        return max(products, key=lambda article: int(article.target_id)).target_id

    async def _write_photos(self, record: str, target_id: str, change: Change, work: PhotoWork) -> list[Problem]:
        if not work.is_needed:
            return list(work.problems)
        marks, problems = await do_photos(self._client, record, target_id, work)
        memo = marks.written(self._people_memo(change))
        path = f"{ROOT}/products/{target_id}/"
        await self._client.write("PATCH", path, {"memo": memo}, operation=f"note the photos of {record}")
        return [*work.problems, *problems]

    async def _write_categories(self, record: str, target_id: str, change: Change) -> None:
        if "categories" not in change.values:
            return
        links = {
            link["category_id"]: link["id"] for link in (change.existing.state["links"] if change.existing else ())
        }
        paths = wanted_paths(_at_start(record), change.values["categories"])
        if self._settings.rename_categories:
            await self._rename(paths, list(links))
        wanted = [await self._tree.require(path) for path in paths]
        for category_id in dict.fromkeys(wanted):
            if category_id not in links:
                body = {"product_id": int(target_id), "category_id": category_id}
                path, operation = f"{ROOT}/producttocategories/", f"put {record} in a category"
                await self._client.write("POST", path, body, operation=operation, accept={Action.CONFLICT})
        if self._settings.replace_categories:
            for category_id in links.keys() - set(wanted):
                path = f"{ROOT}/producttocategories/{links[category_id]}/"
                operation = f"take {record} out of a category"
                await self._client.write("DELETE", path, operation=operation, accept={Action.GONE})

    async def _rename(self, wanted: Sequence[Path], linked: Sequence[int]) -> None:
        """Rename the product's only category when the only wanted one does not exist and would stand beside it."""
        if len(wanted) != 1 or len(linked) != 1 or await self._tree.find(wanted[0]) is not None:
            return
        held = await self._tree.paths(linked)
        if held and folded(held[0][:-1]) == folded(wanted[0][:-1]):
            await self._tree.rename(linked[0], wanted[0][-1])

    def _memo(self, change: Change, marks: PhotoMarks | None) -> str | None:
        """The memo to send: when a mapping fills it, or when the marks in it have to change; else None."""
        held = change.existing.state["memo"] if change.existing else ""
        if marks is None:
            marks = PhotoMarks.read(held)[0]
        memo = marks.written(self._people_memo(change))
        return memo if memo != held and (marks.coming or "memo" in change.values) else None

    def _people_memo(self, change: Change) -> str:
        held = PhotoMarks.read(change.existing.state["memo"])[1] if change.existing else ""
        return str(change.values.get("memo", held) or "")

    def _package(self, record: str) -> int:
        if not self._settings.package:
            sentence = (
                f"{_at_start(record)} cannot be created: the shop takes no product without a package. "
                'Choose one in the setting "Package" of this flow, then retry.'
            )
            raise RecordRefused(Problem(code=ProblemCode.SETTING_MISSING, field="package", value="", sentence=sentence))
        return int(self._settings.package)


_NUMBERS: Mapping[Identifier, str] = {Identifier.SKU: "productnumber", Identifier.EAN: "eannumber"}


def product_mapping(settings: CcvProductTarget) -> tuple[Rule, ...]:
    """The default mapping for a shop whose prices and tariffs are as the settings say."""
    if settings.prices_include_tax:
        price = "price_incl | default(price_excl | with_tax(tax_rate) | round(2))"
    else:
        price = "price_excl | default(price_incl | without_tax(tax_rate) | round(2))"
    known = "".join(f'"{tariff}" if tax_rate == {rate:f} else ' for rate, tariff in settings.tariffs.items())
    tariff = f'none if tax_rate is none else {known}tax_rate ~ " %"'
    return (
        Rule(target="productnumber", expression="sku"),
        Rule(target="name", expression="name | strip_html"),
        Rule(target="shortdescription", expression="short_description"),
        Rule(target="description", expression="description"),
        Rule(target="price", expression=price),
        Rule(target="currency", expression="currency or none"),
        Rule(target="taxtariff", expression=tariff),
        Rule(target="eannumber", expression="ean or none"),
        Rule(target="unit", expression="unit or none"),
        Rule(target="weight", expression="weight"),
        Rule(target="brand", expression="brand or none"),
        Rule(target="active", expression="active"),
        Rule(target="stock", expression="quantity", when=When.CREATE),
        Rule(target="stockenabled", expression="quantity is not none", when=When.CREATE),
        Rule(target="categories", expression="categories or none"),
        Rule(target="photos", expression="images or none"),
    )


def _at_start(record: str) -> str:
    return record[:1].upper() + record[1:]


def _is_variant(key: Key, article: Article) -> Problem:
    sentence = (
        f'Product {key.text}: in the shop, "{key.text}" is the number of a variant of product '
        f"{article.product.get('productnumber') or article.product.get('id')}. Give one of the two another number, "
        "or leave this product out with the flow's filter, then retry."
    )
    return Problem(code=ProblemCode.AMBIGUOUS_MATCH, field="productnumber", value=key.text, sentence=sentence)


def _is_gone(change: Change) -> Problem:
    sentence = f"Product {change.reference} was removed from the shop meanwhile. Retry to create it again."
    return Problem(code=ProblemCode.RECORD_GONE, field="product", value=change.reference, sentence=sentence)


def _other_currency(record: str, currency: str, own: str) -> Problem:
    sentence = (
        f"{_at_start(record)}: its prices are in {currency}, and the shop sells in {own}. Send prices in {own}, or "
        'correct the setting "Currency" of this flow, then retry.'
    )
    return Problem(code=ProblemCode.UNKNOWN_CURRENCY, field="currency", value=currency, sentence=sentence)


def _no_tariff(record: str, value: str) -> Problem:
    sentence = (
        f'{_at_start(record)}: the shop has no tax tariff "{value}". '
        'Add the VAT rate to the setting "Tariff per VAT rate" of this flow, then retry.'
    )
    return Problem(code=ProblemCode.UNKNOWN_TAX_RATE, field="taxtariff", value=value, sentence=sentence)


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvProductsTaken:
    return CcvProductsTaken(client, CcvProductTarget.model_validate(settings))


def _mapping_for(settings: BaseModel) -> tuple[Rule, ...]:
    return product_mapping(CcvProductTarget.model_validate(settings))


PRODUCT_TARGET = RecordTargetDeclaration(
    open=_open,
    settings=CcvProductTarget,
    fields=PRODUCT_FIELDS,
    mapping=product_mapping(CcvProductTarget()),
    mapping_for=_mapping_for,
    settle=timedelta(seconds=60),
    identifiers=frozenset({Identifier.SKU, Identifier.EAN}),
    removals=frozenset({Removal.LEAVE, Removal.ARCHIVE, Removal.DELETE}),
)
