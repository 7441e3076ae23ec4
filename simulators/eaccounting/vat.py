"""Which kind of sale a document is, and with it the VAT of its rows. There is no VAT code on a row.

| customer | kind of sale | VAT |
| --- | --- | --- |
| in the company's country | domestic | the rate of the article's coding |
| in another EU country, private or without VAT number | EU with VAT | the rate of the coding (no OSS) |
| in another EU country, company with VAT number | EU exempt | none, reverse charge |
| outside the EU | export | none, or the rate of the coding with `ForceBookkeepVat` |

The country is the invoice country, or the delivery country with `DeliveryBasedVat`. Northern Ireland counts as EU.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Final

from simulators.eaccounting.account import Account
from simulators.eaccounting.errors import SALES_ACCOUNT_MISSING, Refusal
from simulators.eaccounting.models import Record


class Sale(Enum):
    """Kind of sale; the value is the member of the coding that holds its sales account."""

    DOMESTIC = "DomesticSalesSubjectToVatAccountNumber"
    EU_WITH_VAT = "ForeignSalesSubjectToVatWithinEuAccountNumber"
    EU_EXEMPT = "ForeignSalesVatExemptWithinEuAccountNumber"
    EXPORT = "ForeignSalesVatExemptOutsideEuAccountNumber"
    EXPORT_WITH_VAT = "DomesticSalesVatExemptAccountNumber"


_EXEMPT: Final = frozenset({Sale.EU_EXEMPT, Sale.EXPORT})


def kind_of_sale(account: Account, customer: Record) -> Sale:
    """Tell what kind of sale a document to this customer is; see the table above."""
    member = "DeliveryCountryCode" if customer["DeliveryBasedVat"] else "InvoiceCountryCode"
    country = customer[member] or account.country
    if country == account.country:
        return Sale.DOMESTIC
    entry = account.tables["countries"].get(country)
    if customer["IsNorthernIreland"] or (entry is not None and entry["IsEuMember"]):
        return Sale.EU_EXEMPT if customer["VatNumber"] and not customer["IsPrivatePerson"] else Sale.EU_WITH_VAT
    return Sale.EXPORT_WITH_VAT if customer["ForceBookkeepVat"] else Sale.EXPORT


def rate_for(account: Account, sale: Sale, article: Record) -> Decimal:
    """Give the VAT rate of a row as a fraction."""
    if sale in _EXEMPT:
        return Decimal(0)
    rate: Decimal = account.coding(article)["VatRatePercent"]
    return rate


def check_sales_accounts(account: Account, sale: Sale, articles: list[Record]) -> None:
    """Check that every article's coding has an account for this kind of sale.

    Raises:
        Refusal: 400 and 4024.
    """
    for article in articles:
        if account.coding(article)[sale.value] is None:
            raise Refusal(
                SALES_ACCOUNT_MISSING,
                f"The coding of article {article['Number']} has no sales account {sale.value}.",
            )
