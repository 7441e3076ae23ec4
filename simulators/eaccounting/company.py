"""The company settings as the API shows them, put together from the simulator's switches."""

from __future__ import annotations

from simulators.eaccounting.account import Account, fixed_id
from simulators.eaccounting.masterdata import next_customer_number
from simulators.eaccounting.models import Record, blank, members


def company_settings(account: Account) -> Record:
    """Give the body of `GET /companysettings`; a bare object, not a list."""
    settings = account.settings
    modules = [*settings["modules"], *(["stock"] if settings["stock_module"] else [])]
    locked_to = settings["locked_to"]
    shown = {
        **blank("CompanySettings"),
        "TermsOfPaymentId": fixed_id("termsofpayments", "30 days net"),
        "AccountingLockedTo": f"{locked_to}T00:00:00Z" if locked_to else None,
        "ProductVariant": settings["product_variant"],
        "TypeOfBusiness": 1,
        "VatPeriod": 3,
        "ActivatedModules": modules,
        "NextCustomerNumber": int(next_customer_number(account)),
        "NextCustomerInvoiceNumber": account.series["invoices"] + 1,
        "NextQuoteNumber": account.series["quotes"] + 1,
        "ShowPricesExclVatPC": not settings["prices_incl_vat_for_private"],
        "UsesMoss": settings["uses_moss"],
        "DomesticCurrencyRounding": int(bool(settings["whole_unit_rounding"])),
        "CompanyStatus": settings["company_status"],
        "CompanyIdentifier": "6e2f1c5e-0000-4000-8000-000000000001",
        **settings["company"],
    }
    return {name: value for name, value in shown.items() if name in members("CompanySettings")}
