"""Customers and articles: the rules beyond the model."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from simulators.eaccounting.account import DOCUMENTS, NUMBER_OF, Account
from simulators.eaccounting.errors import (
    ARTICLE_HAS_STOCK,
    CAN_NOT_BE_CHANGED,
    CAN_NOT_BE_DELETED,
    CONFLICT,
    FORCE_BOOKKEEP_VAT,
    NO_ACCESS_TO_MODULE,
    PRODUCT_VARIANT,
    VAT_NUMBER,
    Refusal,
    invalid,
)
from simulators.eaccounting.labels import attach
from simulators.eaccounting.models import Record, Stored, clean, whole
from simulators.eaccounting.totals import cents

ARTICLE_COMPUTED: Final = ("StockBalanceReserved", "StockBalanceAvailable", "StockValue", "CodingName", "UnitName")
"""Members of an article that exist only in its view."""

_VAT_NUMBER: Final = re.compile(r"^([A-Z]{2})[A-Z0-9]{8,12}$")
_VAT_PREFIX: Final = {"GR": "EL"}
_ONGOING: Final = 2
_FIRST_CUSTOMER_NUMBER: Final = 1001
_DELIVERY_VAT_MEMBERS: Final = ("DeliveryCity", "DeliveryCountryCode", "DeliveryPostalCode")


def create_customer(account: Account, body: Record) -> Record:
    """Create a customer; the number is the next free one when none is sent."""
    values = _customer_values(account, body, None)
    return account.created("customers", values)


def replace_customer(account: Account, stored: Stored, body: Record) -> Record:
    """Replace a customer: what the body leaves out becomes null or the default, a left-out number is given anew."""
    stored.update(_customer_values(account, body, stored["Id"]))
    account.index("customers", stored)
    account.touch(stored)
    return stored


def delete_customer(account: Account, stored: Record) -> None:
    """Delete a customer without documents.

    Raises:
        Refusal: 400 and 4001 when there are documents.
    """
    for kind in DOCUMENTS:
        if any(document["CustomerId"] == stored["Id"] for document in account.records(kind)):
            raise Refusal(CAN_NOT_BE_DELETED, f"The customer has {kind}.")
    del account.tables["customers"][stored["Id"]]


def view_customer(account: Account, stored: Record) -> Record:
    """Give a customer with what is read along with it: its terms of payment."""
    return {**whole(stored), "TermsOfPayment": account.tables["termsofpayments"].get(stored["TermsOfPaymentId"])}


def next_customer_number(account: Account) -> str:
    """Give the number the next customer without a number gets, without using it up."""
    number = max(account.series["customers"], _FIRST_CUSTOMER_NUMBER)
    while account.numbered("customers", str(number)):
        number += 1
    account.series["customers"] = number
    return str(number)


def create_article(account: Account, body: Record) -> Record:
    """Create an article."""
    return account.created("articles", _article_values(account, body, None))


def replace_article(account: Account, stored: Record, body: Record) -> Record:
    """Replace an article: what the body leaves out becomes null or the default, the stock balance included."""
    values = _article_values(account, body, stored)
    if values["StockBalance"] != stored["StockBalance"]:
        stored["StockBalanceManuallyChangedUtc"] = account.stamp()
    stored.update(values)
    account.index("articles", stored)
    account.touch(stored)
    return stored


def agreed_prices(values: Record, rate: Decimal) -> tuple[Decimal, Decimal]:
    """Give net and gross price of an article; one that is zero is computed from the other.

    Both agree when one is the other with the coding's VAT added or taken out, rounded half-up to cents.

    Raises:
        Refusal: 400 and 2000 when they disagree.
    """
    net, gross = values["NetPrice"], values["GrossPrice"]
    if not gross:
        return net, cents(net * (1 + rate))
    if not net:
        return cents(gross / (1 + rate)), gross
    if gross != cents(net * (1 + rate)) and net != cents(gross / (1 + rate)):
        raise invalid("GrossPrice", f"GrossPrice {gross} does not match NetPrice {net} with {rate * 100} % VAT.")
    return net, gross


def article_view(account: Account, customer_id: str | None = None) -> Callable[[Record], Record]:
    """Give the function that adds what is computed on reading an article: names, reservations, a customer's prices.

    Raises:
        Refusal: 400 and 3000 for an unknown customer.
    """
    customer = account.get("customers", customer_id) if customer_id else None
    reserved = reservations(account)
    return lambda stored: _view_article(account, stored, reserved, customer)


def reservations(account: Account) -> dict[str, Decimal]:
    """Give what ongoing orders have not delivered yet, per article; nothing without the stock module."""
    reserved: dict[str, Decimal] = {}
    if not account.settings["stock_module"]:
        return reserved
    for order in account.records("orders"):
        if order["Status"] == _ONGOING:
            for row in order["Rows"] or []:
                if row["ArticleId"]:
                    waiting = max(row["Quantity"] - row["DeliveredQuantity"], Decimal(0))
                    reserved[row["ArticleId"]] = reserved.get(row["ArticleId"], Decimal(0)) + waiting
    return reserved


def _view_article(account: Account, stored: Record, reserved: dict[str, Decimal], customer: Record | None) -> Record:
    coding = account.coding(stored)
    unit = account.get("units", stored["UnitId"])
    held = reserved.get(stored["Id"], Decimal(0)) if stored["IsStock"] else Decimal(0)
    service = coding["Type"] == "Services"
    shown = {
        **whole(stored),
        "CodingName": coding["Name"],
        "UnitName": unit["Name"],
        "UnitAbbreviation": unit["Abbreviation"],
        "StockBalanceReserved": held,
        "StockBalanceAvailable": stored["StockBalance"] - held,
        "StockValue": cents(stored["StockBalance"] * stored["PurchasePrice"]),
        "IsServiceArticle": service,
        "ShowStockInformation": not service,
        "NetPriceWithDiscount": stored["NetPrice"],
    }
    if customer is not None:
        row = account.tables["salespricelistrows"].get(f"{customer['SalesPriceListId']}/{stored['Id']}")
        price = row["NetPrice"] if row else stored["NetPrice"]
        shown["NetPrice"] = price
        shown["GrossPrice"] = cents(price * (1 + coding["VatRatePercent"]))
        shown["DiscountPercentage"] = customer["DiscountPercentage"]
        shown["NetPriceWithDiscount"] = (price * (1 - customer["DiscountPercentage"])).quantize(
            Decimal("0.01"), rounding=ROUND_HALF_UP
        )
    return shown


def _customer_values(account: Account, body: Record, own_id: str | None) -> Record:
    values = clean("Customer", body)
    account.require("termsofpayments", values["TermsOfPaymentId"])
    account.require("deliverymethods", values["DeliveryMethodId"])
    account.require("deliveryterms", values["DeliveryTermId"])
    _check_agreements(account, values)
    attach(account, "customerlabels", values, body)
    values["CurrencyCode"] = values["CurrencyCode"] or account.currency
    if values["CurrencyCode"] not in account.tables["currencies"]:
        raise invalid("CurrencyCode", f"The currency {values['CurrencyCode']} is not one of the company's.")
    values["InvoiceCountryCode"] = values["InvoiceCountryCode"] or account.country
    for name in ("InvoiceCountryCode", "DeliveryCountryCode"):
        if values[name] and values[name] not in account.tables["countries"]:
            raise invalid(name, f"The country {values[name]} is unknown.")
    _check_vat_members(account, values)
    if values["EmailAddresses"] and not values["EmailAddress"]:
        raise invalid("EmailAddresses", "EmailAddress is required when EmailAddresses is used.")
    values["CustomerNumber"] = values["CustomerNumber"] or next_customer_number(account)
    _check_unique(account, "customers", values["CustomerNumber"], own_id)
    return values


def _check_agreements(account: Account, values: Record) -> None:
    for kind, member in (("salespricelists", "SalesPriceListId"), ("discountagreements", "DiscountAgreementId")):
        if values[member] and not account.price_list_variant():
            raise Refusal(PRODUCT_VARIANT, f"{member} is not available in this product variant.", status=403)
        account.require(kind, values[member])


def _check_vat_members(account: Account, values: Record) -> None:
    country = values["InvoiceCountryCode"]
    number = values["VatNumber"]
    if number:
        match = _VAT_NUMBER.match(number)
        expected = "XI" if values["IsNorthernIreland"] else _VAT_PREFIX.get(country, country)
        if match is None or match.group(1) != expected:
            raise Refusal(VAT_NUMBER, f"The VAT number {number} is not valid for {country}.")
    if values["ReverseChargeOnConstructionServices"] and not number:
        raise invalid("VatNumber", "VatNumber is required with ReverseChargeOnConstructionServices.")
    if values["ForceBookkeepVat"] and account.tables["countries"][country]["IsEuMember"]:
        raise Refusal(FORCE_BOOKKEEP_VAT, "ForceBookkeepVat is not allowed on a customer in the EU.")
    if values["DeliveryBasedVat"]:
        for name in _DELIVERY_VAT_MEMBERS:
            if not values[name]:
                raise invalid(name, f"{name} is required with DeliveryBasedVat.")


def _article_values(account: Account, body: Record, stored: Record | None) -> Record:
    values = clean("Article", body)
    coding = account.get("articleaccountcodings", values["CodingId"])
    account.require("units", values["UnitId"])
    attach(account, "articlelabels", values, body)
    values["NetPrice"], values["GrossPrice"] = agreed_prices(values, coding["VatRatePercent"])
    if "SendToWebshop" not in body:
        values["SendToWebshop"] = True
    if values["UsesMoss"] and not account.settings["uses_moss"]:
        raise Refusal(CAN_NOT_BE_CHANGED, "UsesMoss needs OSS in the company settings.")
    if account.settings["stock_module"]:
        _keep_stock_balance(account, values, body, stored)
    elif values["IsStock"]:
        raise Refusal(NO_ACCESS_TO_MODULE, "IsStock needs the stock module.", status=403)
    if values["IsStock"] and coding["Type"] != "Goods":
        raise invalid("IsStock", "IsStock needs a coding of the type Goods.")
    if stored is not None and stored["IsStock"] and not values["IsStock"] and stored["StockBalance"]:
        raise Refusal(ARTICLE_HAS_STOCK, "The article still has stock.")
    _check_unique(account, "articles", values["Number"], stored["Id"] if stored else None)
    return values


def _keep_stock_balance(account: Account, values: Record, body: Record, stored: Record | None) -> None:
    balance = stored["StockBalance"] if stored else Decimal(0)
    refused = account.settings["stock_balance_write"] == "refused"
    if refused and "StockBalance" in body and values["StockBalance"] != balance:
        raise invalid("StockBalance", "StockBalance is read-only while the stock module is active.")
    values["StockBalance"] = balance


def _check_unique(account: Account, kind: str, number: str, own_id: str | None) -> None:
    # Numbers that differ only in capitals are taken as the same; what the vendor does is not published.
    taken = account.found_by(kind, NUMBER_OF[kind], {number.casefold()}) or []
    if any(record["Id"] != own_id for record in taken):
        raise Refusal(CONFLICT, f"{NUMBER_OF[kind]} {number} is already in use.")
