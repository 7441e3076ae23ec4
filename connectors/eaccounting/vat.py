"""Which VAT eAccounting will apply: no row carries a rate, it follows from the article's coding and the customer."""

from dataclasses import dataclass
from decimal import Decimal

from commerce.order import Order
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Record
from connectors.eaccounting.company import Company
from connectors.errors import RecordRefused


@dataclass(frozen=True)
class Treatment:
    """How a customer's documents are taxed and priced."""

    exempt: bool
    """No VAT, whatever the article: reverse charge inside the EU, export outside."""
    domestic: bool
    """Customer and currency are the company's own; unit prices have two decimals then, else four."""
    private: bool
    customer: str
    """The customer's number and name, for sentences."""


async def treatment_of(company: Company, customer: Record, currency: str) -> Treatment:
    """How eAccounting will treat a customer's document in a currency."""
    facts = await company.facts()
    country = str(customer.get("InvoiceCountryCode") or facts.country).upper()
    private = bool(customer.get("IsPrivatePerson"))
    if country == facts.country:
        exempt = False
    elif await company.is_eu_member(country) or customer.get("IsNorthernIreland"):
        exempt = not private and bool(customer.get("VatNumber"))
    else:
        exempt = not customer.get("ForceBookkeepVat")
    return Treatment(
        exempt=exempt,
        domestic=country == facts.country and currency == facts.currency,
        private=private,
        customer=f"{customer.get('CustomerNumber') or 'to be created'} ({customer.get('Name')})",
    )


async def sells_tax_free_to_eu_company(company: Company, order: Order, country: str) -> bool:
    """Whether the order is one that only a VAT number makes tax-free."""
    facts = await company.facts()
    foreign = country not in {"", facts.country}
    return foreign and not charges_vat(order) and await company.is_eu_member(country)


def charges_vat(order: Order) -> bool:
    """Whether any line that costs something carries VAT."""
    return any(line.tax_rate and line.total for line in order.lines)


def applied_rate(
    reference: str, charged: Decimal, name: str, article: str, coding_rate: Decimal, treatment: Treatment
) -> Decimal:
    """The percentage eAccounting will apply to something, which must be what the shop charged.

    Args:
        reference: The order number, for the sentence.
        charged: The percentage the shop charged.
        name: The SKU on the line, or what kind of line it is.
        article: The article's number.
        coding_rate: The percentage of the article's account coding.
        treatment: How the customer is taxed.

    Raises:
        RecordRefused: ``UNKNOWN_TAX_RATE`` naming the article and both rates.
    """
    rate = Decimal(0) if treatment.exempt else coding_rate
    if rate == charged:
        return rate
    stated, given = f"{charged.normalize():f}", f"{rate.normalize():f}"
    if treatment.exempt:
        advice = (
            f"customer {treatment.customer} is free of VAT in eAccounting because of the country and VAT number."
            " Correct the customer (VAT number, country, or VAT for sales outside the EU)"
        )
    else:
        advice = f"article {article} has {given} % in eAccounting. Give the article the coding of {stated} %"
    raise RecordRefused(
        Problem(
            code=ProblemCode.UNKNOWN_TAX_RATE,
            field=name,
            value=stated,
            sentence=(
                f"Order {reference}: the shop charged {stated} % VAT on {name}, but {advice}, or correct the order in"
                " the shop, and retry."
            ),
        )
    )
