"""Prove a connection and list what its owner can choose from."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from commerce.problems import ProblemCode
from connectors.client import VendorClient
from connectors.eaccounting.api import LARGEST_PAGE, Api, Record
from connectors.eaccounting.company import Company, percentage
from connectors.eaccounting.price_lists import PriceLists
from connectors.eaccounting.settings import OrderStatus
from connectors.eaccounting.voucher_books import fiscal_years, ledger_accounts
from connectors.errors import ConnectionRefused
from connectors.protocols import AccountIdentity, Choice

CHOICES: Final[Mapping[str, str]] = {
    "terms_of_payment": "Terms of payment",
    "delivery_methods": "Delivery methods",
    "order_statuses": "Order statuses",
    "units": "Units",
    "codings": "Account codings",
    "vat_codes": "VAT codes",
    "articles": "Articles",
    "article_labels": "Article labels",
    "price_lists": "Price lists",
    "customer_labels": "Customer labels",
    "accounts": "Accounts of the current fiscal year",
}

_ARTICLES: Final = "/articles"
_INACTIVE, _READ_ONLY = 0, 2
_WITHOUT_ORDERS: Final = {
    3: "Bookkeeping, which has no customers, orders or invoices. Change to Standard or Pro",
}
_ONLY_INVOICES: Final = 4


class EAccountingAccount:
    """`Account` of one company."""

    def __init__(self, client: VendorClient) -> None:
        self._api = Api(client)

    async def test(self) -> str:
        """Read the company's settings and see whether it can take sales documents.

        Raises:
            ConnectionRefused: The company is inactive, read-only, or has a subscription without sales.
        """
        company = await self._company()
        name = str(company.get("Name") or "the company")
        status, variant = company.get("CompanyStatus"), company.get("ProductVariant")
        if status == _INACTIVE:
            raise _refuse(f"{name} is inactive in eAccounting. Have its subscription restored, then test again.")
        if status == _READ_ONLY:
            raise _refuse(f"{name} can only be read in eAccounting. Have its subscription renewed, then test again.")
        if variant in _WITHOUT_ORDERS:
            raise _refuse(f"{name} has eAccounting {_WITHOUT_ORDERS[variant]}, then test again.")
        limit = " Its subscription has no orders and quotes: use invoices." if variant == _ONLY_INVOICES else ""
        return f'Connected to "{name}" ({company.get("CountryCode")}, {company.get("CurrencyCode")}).{limit}'

    async def identify(self) -> AccountIdentity | None:
        """The company that was chosen at consent; None when the vendor does not state its identifier.

        Source: Visma eAccounting API documentation, company settings (confirmed September 2026); that its
        ``CompanyIdentifier`` never changes is inferred from the name.
        """
        company = await self._company()
        key = str(company.get("CompanyIdentifier") or "")
        return AccountIdentity(key, str(company.get("Name") or "the company")) if key else None

    async def choices(self, name: str) -> Sequence[Choice]:
        """A live list of the company; the values are those that settings and value tables hold."""
        lists: Mapping[str, Callable[[], Awaitable[list[Choice]]]] = {
            "terms_of_payment": self._terms_of_payment,
            "delivery_methods": self._delivery_methods,
            "order_statuses": self._order_statuses,
            "units": self._units,
            "codings": self._codings,
            "vat_codes": self._vat_codes,
            "articles": self._articles,
            "article_labels": self._article_labels,
            "price_lists": self._price_lists,
            "customer_labels": self._customer_labels,
            "accounts": self._accounts,
        }
        return await lists[name]()

    async def _company(self) -> Record:
        return await self._api.get("/companysettings", "read the company's settings")

    async def _terms_of_payment(self) -> list[Choice]:
        terms = await self._api.records("/termsofpayments", "list the terms of payment")
        return [_choice(entry) for entry in terms if entry.get("AvailableForSales", True)]

    async def _delivery_methods(self) -> list[Choice]:
        methods = await self._api.records("/deliverymethods", "list the delivery methods")
        return [Choice(str(entry["Name"]), str(entry["Name"])) for entry in methods]

    async def _order_statuses(self) -> list[Choice]:
        return [Choice(status.value, status.value.capitalize()) for status in OrderStatus]

    async def _units(self) -> list[Choice]:
        return [_choice(entry) for entry in await self._api.records("/units", "list the units")]

    async def _codings(self) -> list[Choice]:
        codings = await self._api.records("/articleaccountcodings", "list the account codings")
        return [
            Choice(str(entry["Id"]), f"{entry.get('Name')} ({percentage(entry).normalize():f} %)")
            for entry in codings
            if entry.get("IsActive", True)
        ]

    async def _customer_labels(self) -> list[Choice]:
        labels = await self._api.records("/customerlabels", "list the customer labels")
        return [Choice(str(entry["Name"]), str(entry["Name"])) for entry in labels]

    async def _articles(self) -> list[Choice]:
        """Active articles by number; of more than one page the first, since no one chooses from a longer list."""
        operation, chosen = "list articles", {"$select": "Id,Number,Name,IsActive", "$orderby": "Number"}
        active = {**chosen, "$filter": "IsActive eq true"}
        page = await self._api.page(_ARTICLES, operation, active, 1, LARGEST_PAGE)
        if page is None:
            page = await self._api.known_page(_ARTICLES, operation, chosen, 1, LARGEST_PAGE)
        return [
            Choice(str(entry["Number"]), f"{entry['Number']} {entry.get('Name') or ''}".strip())
            for entry in page.records
            if entry.get("IsActive", True) and entry.get("Number")
        ]

    async def _article_labels(self) -> list[Choice]:
        return [_choice(entry) for entry in await self._api.records("/articlelabels", "list the article labels")]

    async def _price_lists(self) -> list[Choice]:
        """None where the subscription has no price lists."""
        lists = PriceLists(self._api, Company(self._api))
        if await lists.unavailable(ProblemCode.REFUSED_BY_SOURCE) is not None:
            return []
        return [
            Choice(entry.list_id, f"{entry.name} ({entry.currency})")
            for entry in (await lists.read()).values()
            if entry.active
        ]

    async def _accounts(self) -> list[Choice]:
        """Accounts that can be booked on by hand, of the fiscal year of today or else the latest one."""
        years = sorted(await fiscal_years(self._api), key=lambda year: year.first)
        today = datetime.now(UTC).date()
        year = next((one for one in years if one.first <= today <= one.last), years[-1] if years else None)
        accounts = await ledger_accounts(self._api, year) if year is not None else []
        return [
            Choice(str(entry["Number"]), f"{entry['Number']} {entry.get('Name') or ''}".strip())
            for entry in accounts
            if entry.get("IsActive", True) and not entry.get("IsBlockedForManualBooking")
        ]

    async def _vat_codes(self) -> list[Choice]:
        codes = await self._api.records("/vatcodes", "list the VAT codes")
        return [Choice(str(entry["Id"]), f"{entry.get('Code')} {entry.get('Description')}") for entry in codes]


def _choice(entry: Record) -> Choice:
    return Choice(str(entry["Id"]), str(entry.get("Name") or entry["Id"]))


def _refuse(sentence: str) -> ConnectionRefused:
    return ConnectionRefused(ProblemCode.CONNECTION_REFUSED, sentence)
