"""Hand out the registered customers of a shop. Source: CCV Shop API documentation, users."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from commerce.record import CustomerRecord
from connectors.answers import Action
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, items_of, next_path, read_collection
from connectors.ccvshop.buyer import read_addresses, read_person
from connectors.ccvshop.fields import Fields
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.errors import RecordRefused, Temporary
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

_PENDING = "pending"


class CcvUserSource(BaseModel):
    """How registered customers of this shop are read: there is nothing to choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CcvUsers:
    """`RecordSource` of registered customers. The shop tells no changes of them, so every read is of everything."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:  # noqa: ARG002
        """One page by id; the position is the address of the next page. ``start`` cannot shorten the read."""
        asked = None if page else {"orderby": "id", "start": "0", "size": str(min(size, LARGEST_PAGE))}
        answer = await read_collection(self._client, page or f"{ROOT}/users/", asked, operation="list customers")
        records, refused = _understood(items_of(answer))
        return RecordPage(records, next_page=next_path(answer), refused=refused)

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """The named customers, one call each."""
        found: list[Mapping[str, Any]] = []
        removed: list[str] = []
        for source_id in source_ids:
            user = await read_user(self._client, source_id)
            if user is None:
                removed.append(source_id)
            else:
                found.append(user)
        records, refused = _understood(found)
        return RecordPage(records, refused=refused, removed=removed)

    def cursor_at(self, _moment: datetime) -> None:
        """None: every read is of everything."""

    async def own_fields(self) -> Sequence[Field]:
        """What the shop keeps of a customer beyond the kind's own fields."""
        return (
            Field("raw.username", "User name"),
            Field("raw.approval_status", "Approval"),
            Field("raw.product_in_category_discount", "Discount that counts"),
            *(
                Field(f"raw.userinfo.{name}", title)
                for name, title in (
                    ("reference", "Customer number"),
                    ("iban", "IBAN"),
                    ("website", "Web site"),
                    ("branch", "Branch of industry"),
                    ("costcentre", "Cost centre"),
                    ("birthdate", "Date of birth"),
                )
            ),
        )


async def read_user(client: VendorClient, user_id: str) -> Mapping[str, Any] | None:
    """One registered customer; None when it does not exist."""
    if not (user_id.isascii() and user_id.isdigit()):
        return None
    operation = f"read customer {user_id}"
    answer = await client.read("GET", f"{ROOT}/users/{user_id}/", operation=operation, accept={Action.GONE})
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return None
    if not isinstance(answer.body, dict):
        raise Temporary(f"CCV Shop did not send customer {user_id}.")
    return answer.body


def _understood(users: Sequence[Mapping[str, Any]]) -> tuple[list[CustomerRecord], list[RefusedListing]]:
    records: list[CustomerRecord] = []
    refused: list[RefusedListing] = []
    for user in users:
        try:
            records.append(_record(user))
        except RecordRefused as refusal:
            refused.append(RefusedListing(str(user.get("id") or ""), refusal.problem.sentence, dict(user)))
    return records, refused


def _record(user: Mapping[str, Any]) -> CustomerRecord:
    fields = Fields(f"Customer {user.get('id')}", user)
    source_id = str(fields.whole_number("id"))
    info = fields.child("userinfo")
    billing, shipping = read_addresses(info)
    person = read_person(info, source_id)
    user_name = fields.text("username")
    if not person.email and "@" in user_name:
        person = person.model_copy(update={"email": user_name})
    return CustomerRecord(
        source_id=source_id,
        # Not userinfo.reference: merchants type names there, and the ledger keeps references in clear.
        reference=source_id,
        raw=dict(user),
        customer=person,
        billing=billing,
        shipping=shipping,
        number=info.text("reference"),
        group=fields.text("group_id"),
        active=fields.flag("status") and fields.text("approval_status") != _PENDING,
    )


def _open(client: VendorClient, _connection: BaseModel, _settings: BaseModel) -> CcvUsers:
    return CcvUsers(client)


_ADDRESS_PARTS: Final = ("name", "company", "street", "number", "addition", "postcode", "city", "country")
USER_SOURCE: Final = RecordSourceDeclaration(
    open=_open,
    settings=CcvUserSource,
    read=ReadDeclaration(cursor_field="", lag=timedelta(0), sees_changes=False),
    fields=(
        Field("reference", "Id in the shop"),
        Field("customer.kind", "Company or person"),
        Field("customer.email", "E-mail"),
        Field("customer.company", "Company"),
        Field("customer.first_name", "First name"),
        Field("customer.last_name", "Last name"),
        Field("customer.phone", "Telephone"),
        Field("customer.vat_number", "VAT number"),
        Field("customer.registration_number", "Registration number"),
        *(Field(f"billing.{part}", f"Billing address: {part}") for part in _ADDRESS_PARTS),
        *(Field(f"shipping.{part}", f"Delivery address: {part}") for part in _ADDRESS_PARTS),
        Field("number", "Customer number"),
        Field("group", "Customer group", choices="user_groups"),
        Field("active", "Active", FieldKind.BOOLEAN),
    ),
    value_tables={"customer_group": "user_groups"},
)
