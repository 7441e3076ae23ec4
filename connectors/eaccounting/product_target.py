"""Take products in as articles: found by number or barcode, created once, and never emptied by a partial update."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from pydantic import BaseModel

from commerce.problems import Problem, ProblemCode
from connectors.answers import Action
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.eaccounting.api import Api, Record, answered
from connectors.eaccounting.article_body import ArticleBodies, ArticleBody, keeps_stock
from connectors.eaccounting.article_settings import LeadingPrice, ProductTargetSettings
from connectors.eaccounting.article_view import ARTICLE_FIELDS, article_view, held_values
from connectors.eaccounting.articles import Articles
from connectors.eaccounting.codings import Codings, Labels
from connectors.eaccounting.company import Company
from connectors.eaccounting.errors import ANSWERS, refused
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, RecordTarget, Removal, Written
from mapping.fields import Field
from mapping.rules import Rule, When

_PATH: Final = "/articles"


class ArticleRegister:
    """Finds articles for a flow, and replaces them without erasing what it does not write."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.company = Company(api)
        self.articles = Articles(api, self.company)

    async def find(
        self, keys: Sequence[Key], by: Identifier, fields: tuple[Field, ...]
    ) -> Mapping[str, Existing | Problem]:
        """What there is, by source id, with the named fields as they stand."""
        known = await self.articles.by_id([key.target_id for key in keys if key.target_id])
        looked_up = await self.articles.look_up([key.text for key in keys if not key.target_id], by)
        found: dict[str, Existing | Problem] = {}
        for key in keys:
            hit = known.get(key.target_id) if key.target_id else looked_up.get(key.text)
            if hit is not None:
                found[key.source_id] = hit if isinstance(hit, Problem) else await self._understood(hit, fields)
        return found

    async def _understood(self, article: Record, fields: tuple[Field, ...]) -> Existing | Problem:
        try:
            return await self.existing(article, fields)
        except RecordRefused as refusal:
            return refusal.problem

    async def existing(self, article: Record, fields: tuple[Field, ...]) -> Existing:
        """An article as it stands."""
        rate = await self.company.vat_rate(str(article.get("CodingId") or ""))
        view = article_view(article, rate, (await self.company.facts()).currency)
        number = str(article.get("Number") or "")
        return Existing(str(article["Id"]), number, held_values(fields, view, f"Article {number}"), article)

    async def read(self, article_id: str) -> Record:
        """The article as it is now. Raises `RecordGone`."""
        return await self._api.get(f"{_PATH}/{article_id}", "read an article")

    async def replace(self, article: Record, members: Record) -> Record:
        """Give an article as just read other members; the answer is the article as it is then.

        Raises:
            RecordRefused: eAccounting refuses it, or its number belongs to another article.
            OutcomeUnknown: The answer was lost.
        """
        number = str(members.get("Number") or article.get("Number"))
        # The whole article is replaced, so everything it had is sent along.
        body = {**article, **members}
        if keeps_stock(article):
            # The stock module may have moved it since it was read, and would take the older balance for a change.
            body.pop("StockBalance", None)
        operation = f"update article {number}"
        answer = await self._api.put(f"{_PATH}/{article['Id']}", operation, body, accept={Action.CONFLICT})
        if ANSWERS.classify(answer) is Action.CONFLICT:
            raise RecordRefused(_taken(number))
        return {**body, **answered(answer)}


class ProductTarget:
    """`RecordTarget` of products."""

    def __init__(self, client: VendorClient, settings: ProductTargetSettings) -> None:
        self._api = Api(client)
        self._register = ArticleRegister(self._api)
        self._bodies = ArticleBodies(
            self._register.company, Codings(self._api, settings.coding), Labels(self._api), settings
        )

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """The articles that exist; several that answer to one key are a problem."""
        return await self._register.find(keys, by, ARTICLE_FIELDS)

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Create or update, one after another. A number that is taken by then is updated, so a second run confirms."""
        return [await self._write(change) for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Make an article inactive: eAccounting does not delete articles."""
        article = await self._register.read(existing.target_id)
        if removal is Removal.ARCHIVE and article.get("IsActive", True):
            await self._register.replace(article, {"IsActive": False})

    def same(self, field: str, held: object, wanted: object) -> bool:
        """Labels have no order and no capitals; everything else is compared as it is."""
        if field == "ArticleLabels" and isinstance(held, list) and isinstance(wanted, list):
            return _folded(held) == _folded(wanted)
        return held == wanted

    async def own_fields(self) -> Sequence[Field]:
        """None: the vendor has no custom fields."""
        return ()

    async def _write(self, change: Change) -> Written:
        try:
            if change.existing is None:
                return await self._create(change)
            return await self._update(change, change.existing.target_id)
        except RecordRefused as refusal:
            problem = refusal.problem
        except RecordGone:
            problem = _gone(change.reference)
        held = change.existing
        return Written(change.source_id, held.target_id if held else "", held.number if held else "", problem)

    async def _create(self, change: Change) -> Written:
        body = await self._bodies.new(change.values, change.reference)
        number = str(body.members["Number"])
        operation = f"create article {number}"
        answer = await self._api.post(_PATH, operation, body.members, accept={Action.CONFLICT})
        created = answered(answer)
        if ANSWERS.classify(answer) is Action.CONFLICT:
            article = await self._by_number(number)
            if article is None:
                raise refused(answer, operation, writing=True)
            if number.casefold() != change.key.text.strip().casefold():
                raise RecordRefused(_taken(number))
            return await self._update(change, str(article["Id"]))
        if not created.get("Id"):
            article = await self._by_number(number)
            if article is None:
                raise OutcomeUnknown("eAccounting accepted an article but does not show it yet.", settled=True)
            created = article
        return _written(change, created, body)

    async def _update(self, change: Change, article_id: str) -> Written:
        article = await self._register.read(article_id)
        body = await self._bodies.changed(change.values, article, change.reference)
        if body.members:
            article = await self._register.replace(article, body.members)
        return _written(change, article, body)

    async def _by_number(self, number: str) -> Record | None:
        self._register.articles.forget()
        hit = (await self._register.articles.look_up([number], Identifier.SKU)).get(number)
        return None if isinstance(hit, Problem) else hit


def _written(change: Change, article: Record, body: ArticleBody) -> Written:
    return Written(change.source_id, str(article["Id"]), str(article.get("Number") or ""), notes=tuple(body.notes))


def _folded(names: list[object]) -> set[str]:
    return {str(name).strip().casefold() for name in names}


def _taken(number: str) -> Problem:
    return Problem(
        code=ProblemCode.AMBIGUOUS_MATCH,
        field="Number",
        value=number,
        sentence=(
            f"Article {number}: another article in eAccounting has this number already. Give one of the two another"
            " number, or let the flow find articles by number, and retry."
        ),
    )


def _gone(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.RECORD_GONE,
        field="Number",
        value=reference,
        sentence=f"Article {reference} does not exist in eAccounting any more. Retry to look it up again.",
    )


def _mapping(settings: BaseModel) -> tuple[Rule, ...]:
    leading = ProductTargetSettings.model_validate(settings).leading_price
    net = Rule(target="NetPrice", expression="price_excl | default(price_incl | without_tax(tax_rate))")
    gross = Rule(target="GrossPrice", expression="price_incl | default(price_excl | with_tax(tax_rate))")
    return (
        Rule(target="Number", expression="sku"),
        Rule(target="Name", expression="name | strip_html | default(sku, true)"),
        gross if leading is LeadingPrice.GROSS else net,
        Rule(target="Currency", expression="currency if currency else none"),
        Rule(target="VatRatePercent", expression="tax_rate"),
        Rule(target="Barcode", expression="ean if ean else none"),
        Rule(target="IsActive", expression="active"),
        Rule(target="UnitId", expression='unit | lookup("unit", "")', when=When.CREATE),
        Rule(
            target="Note",
            expression="description | default(short_description, true) | strip_html",
            when=When.CREATE,
        ),
        Rule(target="StockBalance", expression="quantity", when=When.CREATE),
    )


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> RecordTarget:
    return ProductTarget(client, ProductTargetSettings.model_validate(settings))


PRODUCT_TARGET: Final = RecordTargetDeclaration(
    open=_open,
    settings=ProductTargetSettings,
    fields=ARTICLE_FIELDS,
    mapping=_mapping(ProductTargetSettings()),
    mapping_for=_mapping,
    settle=timedelta(seconds=30),
    identifiers=frozenset({Identifier.SKU, Identifier.EAN}),
    removals=frozenset({Removal.LEAVE, Removal.ARCHIVE}),
    value_tables={"unit": "units"},
)
