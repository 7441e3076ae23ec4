"""Made-up buyers for real customer numbers: the same number always gives the same person or company.

Nothing here belongs to anybody. Names are put together from lists, e-mail addresses are at example.com, numbers are
digits of a hash. Some names are difficult on purpose: accents, apostrophes, emoji, great length.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

COUNTRY_CODES = {
    "Australia": "AU",
    "Austria": "AT",
    "Bahrain": "BH",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    "Channel Islands": "JE",
    "Cyprus": "CY",
    "Czech Republic": "CZ",
    "Denmark": "DK",
    "EIRE": "IE",
    "European Community": "BE",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Greece": "GR",
    "Hong Kong": "HK",
    "Iceland": "IS",
    "Israel": "IL",
    "Italy": "IT",
    "Japan": "JP",
    "Lebanon": "LB",
    "Lithuania": "LT",
    "Malta": "MT",
    "Netherlands": "NL",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "RSA": "ZA",
    "Saudi Arabia": "SA",
    "Singapore": "SG",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "USA": "US",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
    "Unspecified": "NL",
}
EU_COUNTRIES = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a list of codes reads best as a line
)

# '#' is a digit, other characters stand for themselves; a country without an entry gets its code and nine digits.
_VAT_NUMBERS = {
    "AT": "ATU########",
    "BE": "BE0#########",
    "CY": "CY########L",
    "CZ": "CZ########",
    "DE": "DE#########",
    "DK": "DK########",
    "ES": "ESB########",
    "FI": "FI########",
    "FR": "FR###########",
    "GR": "EL#########",
    "IE": "IE#######WA",
    "IT": "IT###########",
    "LT": "LT#########",
    "MT": "MT########",
    "NL": "NL#########B01",
    "PL": "PL##########",
    "PT": "PT#########",
    "SE": "SE##########01",
}
_FIRST_NAMES = (
    "Jan", "Zoë", "Noor", "Łukasz", "José", "Anne-Fleur", "Søren", "Mehmet", "Fátima", "D'Angelo", "Li", "Björk 🌷",
    "Sanne", "Pieter", "Chloé", "Ümit", "Marie-Thérèse", "Aoife", "Giovanni", "Ngọc",
)  # fmt: skip
_LAST_NAMES = (
    "Jansen", "de Vries", "O'Brien", "van den Berg-d'Hondt", "Müller", "Ångström", "García Márquez", "Ó Súilleabháin",
    "van 't Hoff", "Çelik", "Nowak", "Dûpont", "Bakker", "Ferreira", "Hansen", "Smits 🚲",
    "Wolfeschlegelsteinhausen-Bergerdorff van Oudshoorn tot Slingelandt", "Ng", "Visser", "'t Sas",
)  # fmt: skip
_COMPANIES = (
    "Cadeau & Co", "Café Zürich", "De Groene Pui 🌱", 'Bakkerij "Het Zonnetje"', "Nordlys Gaver", "L'Étoile d'Or",
    "Woonwinkel 't Hoekje", "Straße 7 Geschenke", "Casa José", "Kdo's <Online>",
    "Coöperatieve Vereniging van Zelfstandige Winkeliers in Geschenk- en Huishoudelijke Artikelen Midden-Nederland",
    "Tea; Time, and More",
)  # fmt: skip
_COMPANY_FORMS = {"NL": "B.V.", "DE": "GmbH", "FR": "SARL", "BE": "BVBA", "IE": "Ltd", "GB": "Ltd", "IT": "S.r.l."}
_STREETS = (
    "Dorpsstraat", "Oude Gracht", "Burgemeester Van der Hoevenlaan", "'s-Gravendijkwal", "Curaçaostraat", "Kerkplein",
    "Lange Nieuwstraat", "Plein 1944", "Vlietweg", "Königsallee",
)  # fmt: skip
_CITIES = ("Utrecht", "'s-Hertogenbosch", "Súdwest-Fryslân", "Rotterdam", "Enschede", "Sint Maartensdijk", "Goes")
_FOREIGN_CITIES = ("Sainte-Lumière", "Neustadt", "Porto Novo", "Baile Nua", "Nyhavn", "Villanueva", "Stadtlohn")
_SUFFIXES = ("", "", "", "A", "bis", "II")


@dataclass(frozen=True, slots=True)
class Buyer:
    """A made-up buyer with the customer part of an order in the shop's shape."""

    country: str
    is_company: bool
    customer: dict[str, Any]


def buyer(customer_number: str, invoice_number: str, country: str) -> Buyer:
    """The buyer of an invoice: a company for three of ten customer numbers, a person otherwise.

    Without a customer number the buyer is a guest, a person who depends on the invoice number.
    """
    seed = _Seed(f"customer {customer_number}" if customer_number else f"guest {invoice_number}")
    is_company = bool(customer_number) and seed.below("company", 10) < 3
    handle = f"customer-{customer_number}" if customer_number else f"guest-{invoice_number.lower()}"
    first, last = seed.pick("first", _FIRST_NAMES), seed.pick("last", _LAST_NAMES)
    company = ""
    if is_company:
        company = f"{seed.pick('company name', _COMPANIES)} {_COMPANY_FORMS.get(country, '')}".strip()
    domestic = country == "NL"
    billing = {
        "first_name": first,
        "last_name": last,
        "company": company,
        "street": seed.pick("street", _STREETS),
        "housenumber": seed.below("house", 250) + 1,
        "housenumber_suffix": seed.pick("suffix", _SUFFIXES),
        "zipcode": f"{seed.below('zip', 8999) + 1000}{seed.letters('zip', 2)}" if domestic else seed.digits("zip", 5),
        "city": seed.pick("city", _CITIES if domestic else _FOREIGN_CITIES),
        "country_code": country,
        "telephone": f"0{seed.digits('telephone', 9)}",
    }
    customer = {
        "email": f"{handle}@example.com",
        "customertype": "b2b" if is_company else "b2c",
        "btw": vat_number(seed.text, country) if is_company and country in EU_COUNTRIES else "",
        "kvk": seed.digits("kvk", 8) if is_company and domestic else "",
        "billingaddress": billing,
    }
    return Buyer(country, is_company, customer)


def user(number: int, person: Buyer) -> dict[str, Any]:
    """The buyer as a registered customer of the shop."""
    return {"id": number, "username": person.customer["email"], "userinfo": person.customer}


def vat_number(seed_text: str, country: str) -> str:
    """A made-up VAT number in the country's form; its check digits mean nothing."""
    pattern = _VAT_NUMBERS.get(country, f"{country}#########")
    digits = iter(_Seed(seed_text).digits("vat", pattern.count("#")))
    return "".join(next(digits) if char == "#" else char for char in pattern)


class _Seed:
    """Choices that depend on a text alone."""

    def __init__(self, text: str) -> None:
        self.text = text

    def below(self, purpose: str, limit: int) -> int:
        digest = hashlib.sha256(f"{self.text}|{purpose}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def pick(self, purpose: str, choices: tuple[str, ...]) -> str:
        return choices[self.below(purpose, len(choices))]

    def digits(self, purpose: str, count: int) -> str:
        return str(self.below(purpose, 9 * 10 ** (count - 1)) + 10 ** (count - 1))

    def letters(self, purpose: str, count: int) -> str:
        return "".join(chr(ord("A") + self.below(f"{purpose} letter {place}", 26)) for place in range(count))
