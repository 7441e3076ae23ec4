"""The members of an article that mapped values stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from commerce.money import cents
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Record
from connectors.eaccounting.article_settings import LeadingPrice, ProductTargetSettings
from connectors.eaccounting.article_view import decimal_of
from connectors.eaccounting.codings import Codings, Labels
from connectors.eaccounting.company import Company
from connectors.eaccounting.text import clean, cut, length
from connectors.errors import RecordRefused

_AS_THEY_ARE: Final = (
    "IsActive",
    "SendToWebshop",
    "UsesMoss",
    "IsStock",
    "OrderingPoint",
    "PurchasePrice",
    "FreightCosts",
)
_TEXTS: Final[Mapping[str, int]] = {"Name": 50, "NameEnglish": 50, "SupplierArticleNumber": 16}
"""Lengths in the vendor's units."""
_NUMBER_LENGTH: Final = 40
_EMPTY: Final[tuple[Any, ...]] = (None, "", [])
_NULLABLE: Final = ("NameEnglish", "Note", "StockLocationReference", "SupplierArticleNumber")


@dataclass
class ArticleBody:
    """Members to write, and what a person may want to know about them."""

    members: Record = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class ArticleBodies:
    """Makes bodies for one flow."""

    def __init__(self, company: Company, codings: Codings, labels: Labels, settings: ProductTargetSettings) -> None:
        self._company = company
        self._codings = codings
        self._labels = labels
        self._settings = settings

    async def new(self, values: Mapping[str, Any], reference: str) -> ArticleBody:
        """All members of a new article.

        Raises:
            RecordRefused: A setting is missing, or a value cannot be used.
        """
        body = await self._body(values, {}, reference)
        members = body.members
        for member in ("Number", "Name"):
            if not members.get(member):
                raise RecordRefused(_missing(reference, member))
        if "CodingId" not in members:
            raise RecordRefused(_missing(reference, "VatRatePercent"))
        if members.get("NetPrice") is None:
            raise RecordRefused(_no_price(reference))
        if not members.get("UnitId"):
            raise RecordRefused(_no_unit(reference))
        members.setdefault("IsActive", True)
        return body

    async def changed(self, values: Mapping[str, Any], article: Record, reference: str) -> ArticleBody:
        """The members that values change of an article as it stands.

        Raises:
            RecordRefused: A value cannot be used.
        """
        body = await self._body(values, article, reference)
        body.members = {name: value for name, value in body.members.items() if differ(article.get(name), value)}
        return body

    async def _body(self, values: Mapping[str, Any], article: Record, reference: str) -> ArticleBody:
        body = ArticleBody()
        members = body.members
        await self._check_currency(values, reference)
        members |= {name: values[name] for name in _AS_THEY_ARE if values.get(name) is not None}
        self._put_texts(body, values, reference)
        unit = values.get("UnitId") or ("" if article else self._settings.unit)
        if unit:
            members["UnitId"] = unit
        if values.get("Barcode") is not None:
            members["Barcodes"] = _barcodes(article, clean(values["Barcode"]))
        if values.get("ArticleLabels") is not None:
            members["ArticleLabels"] = await self._labelled([str(name) for name in values["ArticleLabels"]], article)
        _put_stock(body, values, article, reference)
        await self._put_prices(body, values, article, reference)
        return body

    def _put_texts(self, body: ArticleBody, values: Mapping[str, Any], reference: str) -> None:
        if values.get("Number") is not None:
            number = clean(values["Number"])
            if length(number) > _NUMBER_LENGTH:
                raise RecordRefused(_too_long(reference, number))
            body.members["Number"] = number
        for name, limit in _TEXTS.items():
            if values.get(name) is not None:
                text = clean(values[name])
                if length(text) > limit:
                    text = cut(text, limit - 1).rstrip() + "…"
                    body.notes.append(f"{name} is longer than {limit} characters and was cut.")
                body.members[name] = text
        for name in ("Note", "StockLocationReference"):
            if values.get(name) is not None:
                body.members[name] = values[name].replace("\x00", "")
        for name in _NULLABLE:
            if body.members.get(name) == "":
                body.members[name] = None

    async def _check_currency(self, values: Mapping[str, Any], reference: str) -> None:
        currency = str(values.get("Currency") or "").strip().upper()
        own = (await self._company.facts()).currency
        if currency and currency != own:
            raise RecordRefused(_other_currency(reference, currency, own))

    async def _labelled(self, names: list[str], article: Record) -> list[Record]:
        current = {str(label.get("Name")).casefold(): label for label in article.get("ArticleLabels") or ()}
        wanted = [name.strip() for name in names if name.strip()]
        missing = await self._labels.named([name for name in wanted if name.casefold() not in current])
        created = {label["Name"].casefold(): label for label in missing}
        folded = dict.fromkeys(name.casefold() for name in wanted)
        labels = [current.get(name) or created[name] for name in folded]
        # An article's labels have no order: the same ones in another order are no change.
        unchanged = set(folded) == set(current)
        return list(article["ArticleLabels"]) if article and current and unchanged else labels

    async def _put_prices(self, body: ArticleBody, values: Mapping[str, Any], article: Record, reference: str) -> None:
        members = body.members
        rate = await self._coding(members, values, article, reference)
        net, gross = values.get("NetPrice"), values.get("GrossPrice")
        if rate is None:
            return
        leads_net = self._settings.leading_price is LeadingPrice.NET
        if net is None and gross is None and "CodingId" in members and article:
            # Only the percentage changed: the leading price stays, the other one follows.
            net = decimal_of(article, "NetPrice", reference) if leads_net else None
            gross = None if leads_net else decimal_of(article, "GrossPrice", reference)
        if net is not None and gross is not None and not agree(net, gross, rate):
            ignored = "GrossPrice" if leads_net else "NetPrice"
            body.notes.append(f"{ignored} does not follow from the other price and was computed from it.")
            net, gross = (net, None) if leads_net else (None, gross)
        if net is None and gross is None:
            return
        members["NetPrice"] = without_vat(gross, rate) if net is None and gross is not None else net
        members["GrossPrice"] = with_vat(net, rate) if gross is None and net is not None else gross

    async def _coding(
        self, members: Record, values: Mapping[str, Any], article: Record, reference: str
    ) -> Decimal | None:
        """The percentage the article has or gets; its coding is among the members when it changes."""
        stands = await self._codings.rate(str(article.get("CodingId") or ""))
        wanted = values.get("VatRatePercent")
        if values.get("CodingId"):
            members["CodingId"] = values["CodingId"]
        elif wanted is not None and wanted != stands:
            members["CodingId"] = await self._codings.for_rate(wanted, reference)
        if "CodingId" not in members:
            return stands
        rate = await self._codings.rate(members["CodingId"])
        if rate is None:
            raise RecordRefused(_no_coding(reference, members["CodingId"]))
        return rate


def with_vat(net: Decimal, rate: Decimal) -> Decimal:
    """A price with a percentage of VAT added, to the cent."""
    return cents(net * (1 + rate / 100))


def without_vat(gross: Decimal, rate: Decimal) -> Decimal:
    """A price with a percentage of VAT taken out, to the cent."""
    return cents(gross / (1 + rate / 100))


def agree(net: Decimal, gross: Decimal, rate: Decimal) -> bool:
    """Whether one price is the other with VAT added or taken out; eAccounting refuses articles where it is not."""
    return with_vat(net, rate) == gross or without_vat(gross, rate) == net


def keeps_stock(article: Record) -> bool:
    """Whether the stock module keeps the balance of an article, so that it can only be read."""
    return bool(article.get("IsStock"))


def differ(held: Any, wanted: Any) -> bool:
    """Whether writing a member would change it; null and empty are the same to the vendor."""
    return bool(held != wanted and not (held in _EMPTY and wanted in _EMPTY))


def _put_stock(body: ArticleBody, values: Mapping[str, Any], article: Record, reference: str) -> None:
    balance = values.get("StockBalance")
    if balance is None:
        return
    if keeps_stock(article) or (not article and values.get("IsStock")):
        body.notes.append(f"Article {reference}: the stock module keeps its balance, so the stock was not written.")
    else:
        body.members["StockBalance"] = balance


def _barcodes(article: Record, barcode: str) -> list[Record]:
    entries = list(article.get("Barcodes") or ())
    if not barcode:
        return entries[1:]
    first = {**entries[0], "Barcode": barcode} if entries else {"Barcode": barcode, "BarcodeType": 0}
    return [first, *entries[1:]]


def _missing(reference: str, member: str) -> Problem:
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field=member,
        value="",
        sentence=(
            f"Article {reference} cannot be created in eAccounting without {member}. Fill it in at the source, or give"
            f" {member} a rule in the mapping, and retry."
        ),
    )


def _no_price(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field="NetPrice",
        value="",
        sentence=(
            f"Article {reference} has no price at the source, and eAccounting would take that for a price of zero."
            " Enter one, or give NetPrice a rule in the mapping that counts at creation, and retry."
        ),
    )


def _no_unit(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.SETTING_MISSING,
        field="unit",
        value="",
        sentence=(
            f"Article {reference} cannot be created in eAccounting without a unit. Choose the unit of new articles in"
            " the settings of the flow, and retry."
        ),
    )


def _no_coding(reference: str, coding: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="CodingId",
        value=coding,
        sentence=(
            f"Article {reference}: eAccounting has no account coding {coding}. Choose an existing one in the settings"
            " or the mapping of the flow, and retry."
        ),
    )


def _too_long(reference: str, number: str) -> Problem:
    return Problem(
        code=ProblemCode.VALUE_TOO_LONG,
        field="Number",
        value=number,
        sentence=(
            f"Article {reference}: the number {number} is longer than the {_NUMBER_LENGTH} characters that eAccounting"
            " holds. Shorten the SKU at the source, and retry."
        ),
    )


def _other_currency(reference: str, currency: str, own: str) -> Problem:
    return Problem(
        code=ProblemCode.UNKNOWN_CURRENCY,
        field="Currency",
        value=currency,
        sentence=(
            f"Article {reference}: its prices are in {currency}, and articles in eAccounting have prices in {own} only."
            f" Send prices in {own}, or switch the rule of Currency off if they are, and retry."
        ),
    )
