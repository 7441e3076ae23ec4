"""Articles that an order line brings in because eAccounting does not have them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from commerce.money import cents
from commerce.order import Line, Order
from commerce.problems import Problem, ProblemCode
from connectors.answers import Action
from connectors.eaccounting.api import Api, Record, answered
from connectors.eaccounting.articles import Articles
from connectors.eaccounting.by_rate import rate_text, row_of
from connectors.eaccounting.company import Company, Remembered
from connectors.eaccounting.errors import ANSWERS, refused
from connectors.eaccounting.settings import EAccountingOrders
from connectors.eaccounting.text import Fitting, clean
from connectors.errors import OutcomeUnknown, RecordRefused
from connectors.protocols import Identifier, ProductRef

_NUMBER_LENGTH: Final = 40
_NAME_LENGTH: Final = 50


class NewArticles:
    """Creates what is missing, with the line's price and the coding of its VAT percentage."""

    def __init__(self, api: Api, company: Company, articles: Articles, settings: EAccountingOrders) -> None:
        self._api = api
        self._company = company
        self._articles = articles
        self._settings = settings
        self._labels = Remembered(lambda: api.records("/articlelabels", "read the article labels"))

    async def plan(self, order: Order, line: Line, by: Identifier, country: str) -> ProductRef:
        """The article to be created for a line; ``planned`` is the body.

        Raises:
            RecordRefused: ``SETTING_MISSING`` for an empty unit or coding, ``VALUE_TOO_LONG`` for the SKU,
                ``UNKNOWN_TAX_RATE`` for goods sold abroad without VAT, which do not tell their rate.
        """
        number = clean(line.sku or line.ean)
        if len(number) > _NUMBER_LENGTH:
            raise RecordRefused(_too_long(order, number))
        if not self._settings.new_article_unit:
            what = "unit of new articles is empty"
            raise RecordRefused(_setting_wrong(order, number, "new_article_unit", what))
        if not line.tax_rate and country != (await self._company.facts()).country:
            raise RecordRefused(_rate_unknown(order, number, country))
        coding = await self._coding(order, line, number, country)
        net, gross = _prices(line)
        body: dict[str, Any] = {
            "Number": number,
            "Name": Fitting()(line.name or number, _NAME_LENGTH, "Name"),
            "CodingId": coding,
            "UnitId": self._settings.new_article_unit,
            "IsActive": True,
            "NetPrice": net,
            "GrossPrice": gross,
        }
        if line.ean:
            body["Barcodes"] = [{"Barcode": clean(line.ean), "BarcodeType": 0}]
        if self._settings.new_article_label:
            body["ArticleLabels"] = [await self._label(order, number)]
        details = {
            "name": body["Name"],
            "active": True,
            "coding": coding,
            "coding_id": coding,
            "vat_rate": rate_text(line.tax_rate),
            "by": str(by),
            "asked_as": line.sku if by is Identifier.SKU else line.ean,
        }
        return ProductRef(target_id="", number=number, details=details, planned=body)

    async def push(self, plan: ProductRef) -> ProductRef:
        """Create a planned article; when it is there by now, that one is taken, so a second run confirms.

        Raises:
            RecordRefused: eAccounting refuses it.
            OutcomeUnknown: The answer was lost.
        """
        body: Mapping[str, Any] = plan.planned or {}
        operation = f"create article {plan.number}"
        answer = await self._api.post("/articles", operation, body, accept={Action.CONFLICT})
        conflict = ANSWERS.classify(answer) is Action.CONFLICT
        created = {} if conflict else answered(answer)
        if created.get("Id"):
            return ProductRef(str(created["Id"]), plan.number, plan.details)
        found = (await self._articles.find([plan.number], Identifier.SKU)).get(plan.number)
        if found is not None:
            return found
        if conflict:
            raise refused(answer, operation, writing=True)
        raise OutcomeUnknown("eAccounting accepted an article but does not show it yet.", settled=True)

    async def _label(self, order: Order, number: str) -> Record:
        for label in await self._labels.get():
            if label["Id"] == self._settings.new_article_label:
                return {"Id": label["Id"], "Name": label.get("Name")}
        what = f"label of new articles names {self._settings.new_article_label}, which does not exist"
        raise RecordRefused(_setting_wrong(order, number, "new_article_label", what))

    async def _coding(self, order: Order, line: Line, number: str, country: str) -> str:
        chosen = row_of(self._settings.new_article_coding, country, line.tax_rate)
        if chosen is not None:
            return chosen
        fitting = await self._company.codings_at(line.tax_rate)
        if len(fitting) == 1:
            return fitting[0]
        rate = rate_text(line.tax_rate)
        what = f"coding of new articles has no entry for {rate} % VAT"
        raise RecordRefused(_setting_wrong(order, number, "new_article_coding", what, rate))


def _prices(line: Line) -> tuple[Decimal, Decimal]:
    """Price per piece without and with VAT; the one follows from the other, as eAccounting checks."""
    factor = 1 + line.tax_rate / 100
    if line.includes_tax:
        gross = cents(line.unit_price)
        return cents(gross / factor), gross
    net = cents(line.unit_price)
    return net, cents(net * factor)


def _too_long(order: Order, number: str) -> Problem:
    return Problem(
        code=ProblemCode.VALUE_TOO_LONG,
        field="Number",
        value=number,
        sentence=(
            f"Order {order.reference}: article {number} cannot be created, because its number is longer than the"
            f" {_NUMBER_LENGTH} characters that eAccounting holds. Shorten the SKU in the shop, and retry."
        ),
    )


def _setting_wrong(order: Order, number: str, setting: str, what: str, value: str = "") -> Problem:
    return Problem(
        code=ProblemCode.SETTING_MISSING,
        field=setting,
        value=value,
        sentence=(
            f"Order {order.reference}: article {number} is to be created, and the setting {what}. Choose one,"
            " and retry."
        ),
    )


def _rate_unknown(order: Order, number: str, country: str) -> Problem:
    return Problem(
        code=ProblemCode.UNKNOWN_TAX_RATE,
        field=number,
        value="0",
        sentence=(
            f"Order {order.reference}: article {number} is to be created, but it was sold to {country} without VAT, so"
            " its own rate is unknown. Create the article in eAccounting; the order then goes on by itself."
        ),
    )
