"""From an order's buyer to a customer of eAccounting."""

import re
from typing import Any, Final

from commerce.customer import Address, CustomerKind
from commerce.order import Order
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.api import Record
from connectors.eaccounting.company import Company
from connectors.eaccounting.settings import EAccountingOrders
from connectors.eaccounting.text import Fitting, clean
from connectors.eaccounting.vat import charges_vat, sells_tax_free_to_eu_company
from connectors.errors import RecordRefused

_NOT_IN_VAT_NUMBERS: Final = re.compile(r"[^0-9A-Za-z]")
_ADDRESS_LINE: Final = 50


def email_of(order: Order) -> str:
    """The buyer's e-mail address as it is stored and compared: in small letters, without blanks around it."""
    return clean(order.customer.email).lower()


def vat_number_of(order: Order) -> str:
    """The VAT number without dots and blanks, in capitals."""
    return _NOT_IN_VAT_NUMBERS.sub("", order.customer.vat_number).upper()


def is_company(order: Order) -> bool:
    """Whether the buyer is a company with a name."""
    return order.customer.kind is CustomerKind.COMPANY and bool(clean(order.customer.company))


async def customer_body(order: Order, settings: EAccountingOrders, company: Company) -> Record:
    """The members of a customer that an order tells; terms of payment and currency are for new customers only.

    A VAT number makes a company abroad free of VAT. When the shop charged VAT all the same, the number goes into the
    note instead, so that eAccounting charges what the customer was asked to pay.

    Raises:
        RecordRefused: ``MISSING_FIELD`` naming the field that neither the order nor a setting fills.
    """
    fit = Fitting()
    facts = await company.facts()
    buyer = order.customer
    country = (order.billing.country or facts.country).upper()
    body: dict[str, Any] = {
        "Name": fit(_name(order), 50, "Name"),
        "IsPrivatePerson": not is_company(order),
        "IsActive": True,
        "EmailAddress": email_of(order) or None,
        "Telephone": fit(buyer.phone, 50, "Phone") or None,
        "InvoiceCountryCode": country,
        "InvoicePostalCode": fit(_required(order, order.billing.postcode, "postcode", settings), 10, "Postcode"),
        "InvoiceCity": fit(_required(order, order.billing.city, "city", settings), 50, "City"),
    }
    body["InvoiceAddress1"], body["InvoiceAddress2"] = fit.two_lines(
        order.billing.street_line(), "", _ADDRESS_LINE, "Street"
    )
    body |= _delivery(order.shipping if order.shipping.city or order.shipping.street else order.billing, country, fit)
    if is_company(order):
        body |= await _company_members(order, company, country, fit)
    if country != facts.country and charges_vat(order) and not await company.is_eu_member(country):
        body["ForceBookkeepVat"] = True
    if fit.overflow:
        body["Note"] = "\n".join([*filter(None, [body.get("Note")]), *fit.overflow])[:4000]
    return body


async def _company_members(order: Order, company: Company, country: str, fit: Fitting) -> Record:
    buyer = order.customer
    body: dict[str, Any] = {
        "ContactPersonName": fit(buyer.person_name() or order.billing.name, 100, "Contact person") or None,
        "ContactPersonEmail": email_of(order) or None,
        "ContactPersonPhone": fit(buyer.phone, 50, "Phone") or None,
        "CorporateIdentityNumber": fit(buyer.registration_number, 20, "Registration number") or None,
    }
    number = vat_number_of(order)
    if not number and await sells_tax_free_to_eu_company(company, order, country):
        raise RecordRefused(_vat_number_missing(order))
    facts = await company.facts()
    if number and (country == facts.country or not charges_vat(order)):
        body["VatNumber"] = number
    elif number:
        body["Note"] = f"VAT number {number}; the shop charged VAT."
    return body


def _delivery(address: Address, default_country: str, fit: Fitting) -> Record:
    first, second = fit.two_lines(address.street_line(), "", _ADDRESS_LINE, "Delivery street")
    return {
        "DeliveryCustomerName": fit(address.company or address.name, 100, "Delivery name") or None,
        "DeliveryAddress1": first,
        "DeliveryAddress2": second,
        "DeliveryPostalCode": fit(address.postcode, 10, "Delivery postcode"),
        "DeliveryCity": fit(address.city, 50, "Delivery city"),
        "DeliveryCountryCode": (address.country or default_country).upper(),
    }


def _name(order: Order) -> str:
    name = clean(order.customer.company) if is_company(order) else clean(order.customer.person_name())
    name = name or clean(order.billing.company) or clean(order.billing.name) or email_of(order)
    if not name:
        raise RecordRefused(missing(order, "name", "Enter the buyer's name in the shop"))
    return name


def _required(order: Order, value: str, field: str, settings: EAccountingOrders) -> str:
    found = clean(value) or clean(settings.default_city if field == "city" else settings.default_postcode)
    if not found:
        raise RecordRefused(missing(order, field, f"Enter it in the shop, or set a default {field}"))
    return found


def missing(order: Order, field: str, advice: str) -> Problem:
    """The problem of an order that lacks a field eAccounting demands."""
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field=field,
        value="",
        sentence=f"Order {order.reference}: {field} is missing, and eAccounting needs it. {advice}, and retry.",
    )


def _vat_number_missing(order: Order) -> Problem:
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field="vat_number",
        value="",
        sentence=(
            f"Order {order.reference}: vat_number is missing. The shop sold tax-free to a company in another EU"
            " country, which needs the company's VAT number. Enter it in the shop, and retry."
        ),
    )
