"""Hand out the customers of the register. Source: Visma eAccounting API documentation, customers (September 2026)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from commerce.customer import Customer, CustomerKind
from commerce.record import CustomerRecord
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.eaccounting.addresses import read_address
from connectors.eaccounting.api import Api, Record, moment
from connectors.eaccounting.changes import ChangeFeed
from connectors.eaccounting.company import Company
from connectors.eaccounting.customer_fields import FIELDS
from connectors.eaccounting.lookups import records_by_id
from connectors.protocols import ReadDeclaration, ReadFrom
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

_PATH: Final = "/customers"
_OPERATION: Final = "list customers"


class EAccountingCustomerSource(BaseModel):
    """There is nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EAccountingCustomerRegister:
    """`RecordSource` of one company's customers, oldest change first. Deleted customers show in no list."""

    def __init__(self, client: VendorClient) -> None:
        self._api = Api(client)
        self._company = Company(self._api)
        self._feed = ChangeFeed(self._api, _PATH, "ChangedUtc", _OPERATION)

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """One page. Raises `Temporary` or `ConnectionRefused`."""
        read = await self._feed.read(start, page, size)
        own_currency = (await self._company.facts()).currency
        return RecordPage(
            records=[read_customer(customer, own_currency) for customer in read.records],
            cursor=read.cursor,
            next_page=read.next_page,
            total=read.total,
        )

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """Named customers, many with one call."""
        found = await records_by_id(self._api, _PATH, source_ids, "read customers")
        own_currency = (await self._company.facts()).currency
        return RecordPage(
            records=[read_customer(customer, own_currency) for customer in found.values()],
            removed=[source_id for source_id in source_ids if source_id not in found],
        )

    def cursor_at(self, moment_: datetime) -> str:
        """A time of change, as the vendor writes it."""
        return moment(moment_)

    async def own_fields(self) -> Sequence[Field]:
        """The vendor's own members."""
        return [Field(f"raw.{field.name}", field.title, field.kind) for field in FIELDS]


def read_customer(customer: Record, own_currency: str) -> CustomerRecord:
    """A customer as the vendor states it; a person's name is split at its first blank."""
    is_company = not customer.get("IsPrivatePerson")
    name = _text(customer, "Name")
    contact = _text(customer, "ContactPersonName")
    first, _, last = (contact if is_company else name).partition(" ")
    delivery = _text(customer, "DeliveryCustomerName") or name
    return CustomerRecord(
        source_id=str(customer["Id"]),
        reference=_text(customer, "CustomerNumber"),
        raw=customer,
        customer=Customer(
            kind=CustomerKind.COMPANY if is_company else CustomerKind.PERSON,
            source_id=str(customer["Id"]),
            email=_text(customer, "EmailAddress") or _text(customer, "ContactPersonEmail"),
            company=name if is_company else "",
            first_name=first,
            last_name=last.strip(),
            phone=_first(customer, "Telephone", "MobilePhone", "ContactPersonPhone", "ContactPersonMobile"),
            vat_number=_text(customer, "VatNumber"),
            registration_number=_text(customer, "CorporateIdentityNumber"),
            language=_text(customer, "SalesDocumentLanguage").lower(),
        ),
        billing=read_address(customer, "Invoice", name, company=is_company),
        shipping=read_address(customer, "Delivery", delivery, company=is_company),
        number=_text(customer, "CustomerNumber"),
        group=_text(customer, "SalesPriceListId"),
        currency=_text(customer, "CurrencyCode") or own_currency,
        active=bool(customer.get("IsActive", True)),
    )


def _first(customer: Record, *names: str) -> str:
    return next((text for text in (_text(customer, name) for name in names) if text), "")


def _text(customer: Mapping[str, object], name: str) -> str:
    return str(customer.get(name) or "").strip()


def open_customer_source(
    client: VendorClient, _connection: BaseModel, _settings: BaseModel
) -> EAccountingCustomerRegister:
    """The source for one flow."""
    return EAccountingCustomerRegister(client)


CUSTOMER_SOURCE: Final = RecordSourceDeclaration(
    open=open_customer_source,
    settings=EAccountingCustomerSource,
    read=ReadDeclaration(cursor_field="ChangedUtc", lag=timedelta(minutes=2), sees_changes=True),
    fields=(
        Field("customer.kind", "Company or person"),
        Field("customer.email", "E-mail address"),
        Field("customer.company", "Company"),
        Field("customer.first_name", "First name"),
        Field("customer.last_name", "Last name"),
        Field("customer.phone", "Phone"),
        Field("customer.vat_number", "VAT number"),
        Field("customer.registration_number", "Registration number"),
        Field("customer.language", "Language"),
        *(
            Field(f"{kind}.{part}", f"{title} {part}")
            for kind, title in (("billing", "Billing"), ("shipping", "Shipping"))
            for part in ("name", "company", "street", "number", "addition", "postcode", "city", "country")
        ),
        Field("group", "Price list", choices="price_lists"),
        Field("currency", "Currency"),
        Field("active", "Active", FieldKind.BOOLEAN),
        Field("number", "Customer number"),
        Field("reference", "What the customer is called in lists"),
    ),
    value_tables={"customer_group": "price_lists"},
)
