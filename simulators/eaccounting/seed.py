"""What a new Dutch company has before anything is added: units, terms, codings, countries and so on."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from simulators.eaccounting.account import Account, fixed_id
from simulators.eaccounting.models import Record
from simulators.eaccounting.vouchers import sow_accounts

_UNITS: Final = [("Stuk", "PCE", "st"), ("Uur", "HUR", "uur"), ("Kilogram", "KGM", "kg"), ("Meter", "MTR", "m")]

_TERMS: Final = [
    ("30 dagen netto", "30 days net", 30, 0),
    ("14 dagen netto", "14 days net", 14, 0),
    ("Lopende maand 30 dagen", "Current month 30 days", 30, 1),
    ("Contant", "Cash", 0, 2),
    ("Kaartbetaling", "Card payment", 0, 3),
    ("Digitale portemonnee", "Digital wallet", 0, 4),
    ("Betaaldienst", "Payment service provider", 0, 5),
]
_TERM_TYPES: Final = ("Normal", "CurrentMonth", "Cash", "CardPayment", "DigitalWallet", "PaymentServiceProvider")

_CODINGS: Final = [
    ("Goederen 21 %", "Goods 21 %", "Goods", 21),
    ("Goederen 9 %", "Goods 9 %", "Goods", 9),
    ("Goederen 0 %", "Goods 0 %", "Goods", 0),
    ("Diensten 21 %", "Services 21 %", "Services", 21),
    ("Diensten vrijgesteld", "Services exempt", "Services", 0),
]

_EU: Final = {
    "AT": "Austria",
    "BE": "Belgium",
    "BG": "Bulgaria",
    "CY": "Cyprus",
    "CZ": "Czechia",
    "DE": "Germany",
    "DK": "Denmark",
    "EE": "Estonia",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GR": "Greece",
    "HR": "Croatia",
    "HU": "Hungary",
    "IE": "Ireland",
    "IT": "Italy",
    "LT": "Lithuania",
    "LU": "Luxembourg",
    "LV": "Latvia",
    "MT": "Malta",
    "NL": "Netherlands",
    "PL": "Poland",
    "PT": "Portugal",
    "RO": "Romania",
    "SE": "Sweden",
    "SI": "Slovenia",
    "SK": "Slovakia",
}
_OUTSIDE: Final = {
    "AE": "United Arab Emirates",
    "AU": "Australia",
    "BH": "Bahrain",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "CN": "China",
    "GB": "United Kingdom",
    "GG": "Guernsey",
    "HK": "Hong Kong",
    "IL": "Israel",
    "IN": "India",
    "IS": "Iceland",
    "JE": "Jersey",
    "JP": "Japan",
    "KR": "South Korea",
    "LB": "Lebanon",
    "NG": "Nigeria",
    "NO": "Norway",
    "NZ": "New Zealand",
    "RS": "Serbia",
    "SA": "Saudi Arabia",
    "SG": "Singapore",
    "TH": "Thailand",
    "TR": "Turkey",
    "UA": "Ukraine",
    "US": "United States",
    "ZA": "South Africa",
}

_BANK_ACCOUNTS: Final = [("Zakelijke rekening", 1, 1100), ("Kas", 2, 1000), ("Betaaldienst", 5, 1150)]
_METHODS: Final = [("Pakketpost", "PARCEL"), ("Afhalen", "PICKUP")]
_TERMS_OF_DELIVERY: Final = [("Af fabriek", "EXW"), ("Franco huis", "DAP")]
_FIRST_YEAR, _LAST_YEAR = 2009, 2035


def sow(account: Account) -> None:
    """Fill an empty account with the defaults of a new Dutch company; ids are the same on every run."""
    for code, country in {**_EU, **_OUTSIDE}.items():
        account.add("countries", {"Name": country, "Code": code, "IsEuMember": code in _EU})
    for currency in ("EUR", "USD", "GBP", "SEK"):
        account.add("currencies", {"Code": currency})
    for name, code, short in _UNITS:
        account.add("units", {"Id": fixed_id("units", code), "Name": name, "Code": code, "Abbreviation": short})
    for name, english, days, kind in _TERMS:
        account.add(
            "termsofpayments",
            {
                "Id": fixed_id("termsofpayments", english),
                "Name": name,
                "NameEnglish": english,
                "NumberOfDays": days,
                "TermsOfPaymentTypeId": kind,
                "TermsOfPaymentTypeText": _TERM_TYPES[kind],
                "AvailableForSales": True,
                "AvailableForPurchase": kind <= 1,
            },
        )
    for name, english, sort, percent in _CODINGS:
        add_coding(account, name, english, sort, Decimal(percent))
    for name, code in _METHODS:
        account.add("deliverymethods", {"Id": fixed_id("deliverymethods", code), "Name": name, "Code": code})
    for name, code in _TERMS_OF_DELIVERY:
        account.add("deliveryterms", {"Id": fixed_id("deliveryterms", code), "Name": name, "Code": code})
    _sow_books(account)


def add_coding(account: Account, name: str, english: str, kind: str, percent: Decimal) -> Record:
    """Add an article account coding with an account for every kind of sale.

    Args:
        account: The account to add it to.
        name: Name in Dutch; the id follows from it.
        english: Name in English.
        kind: `Goods` or `Services`.
        percent: VAT in percent; `VatRatePercent` in answers is the fraction (0.21 for 21 %).
    """
    base = 8000 + int(percent) * 10
    return account.add(
        "articleaccountcodings",
        {
            "Id": fixed_id("articleaccountcodings", name),
            "Name": name,
            "NameEnglish": english,
            "Type": kind,
            "VatRate": f"{percent.normalize():f}%",
            "VatRatePercent": percent / 100,
            "IsActive": True,
            "DomesticSalesSubjectToReversedConstructionVatAccountNumber": base + 1,
            "DomesticSalesSubjectToVatAccountNumber": base,
            "DomesticSalesVatExemptAccountNumber": base + 2,
            "ForeignSalesSubjectToMossAccountNumber": base + 3,
            "ForeignSalesSubjectToThirdPartySalesAccountNumber": base + 4,
            "ForeignSalesSubjectToVatWithinEuAccountNumber": base + 5,
            "ForeignSalesVatExemptOutsideEuAccountNumber": base + 6,
            "ForeignSalesVatExemptWithinEuAccountNumber": base + 7,
            "DomesticSalesVatCodeExemptAccountNumber": base + 8,
        },
    )


def coding_for_rate(account: Account, percent: Decimal) -> Record:
    """Give the first goods coding of a VAT rate in percent; a rate the account does not have gets a new coding."""
    for coding in account.records("articleaccountcodings"):
        if coding["Type"] == "Goods" and coding["VatRatePercent"] == percent / 100:
            return coding
    text = f"{percent.normalize():f} %"
    return add_coding(account, f"Goederen {text}", f"Goods {text}", "Goods", percent)


def _sow_books(account: Account) -> None:
    for code, text, percent in (("1a", "Omzet 21 %", 21), ("1b", "Omzet 9 %", 9), ("1e", "Omzet 0 %", 0)):
        account.add(
            "vatcodes",
            {
                "Id": fixed_id("vatcodes", code),
                "Code": code,
                "Description": text,
                "VatRate": Decimal(percent) / 100,
            },
        )
    for name, kind, ledger in _BANK_ACCOUNTS:
        account.add(
            "bankaccounts",
            {
                "Id": fixed_id("bankaccounts", name),
                "Name": name,
                "BankAccountType": kind,
                "LedgerAccountNumber": ledger,
                "IsActive": True,
                "CurrencyCode": account.currency,
            },
        )
    for year in range(_FIRST_YEAR, _LAST_YEAR + 1):
        account.add(
            "fiscalyears",
            {
                "Id": fixed_id("fiscalyears", str(year)),
                "StartDate": f"{year}-01-01",
                "EndDate": f"{year}-12-31",
            },
        )
    sow_accounts(account)
