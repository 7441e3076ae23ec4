"""The members of a registered customer. Source: CCV Shop API documentation, users (June 2022)."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.ccvshop.addresses import address_fields, address_rules, in_address_form
from connectors.ccvshop.writing import held, member, nested, whole_number
from connectors.records import Change
from mapping.fields import Field, FieldKind
from mapping.rules import Rule, When

_BILLING: Final = "userinfo.billingaddress"
_DELIVERY: Final = "userinfo.deliveryaddress"


FIELDS: Final = (
    Field("username", "User name", required=True, description="Unique in the shop; people sign in with it."),
    Field("group_id", "Customer group", choices="user_groups"),
    Field("status", "Active", FieldKind.BOOLEAN),
    Field("product_in_category_discount", "Discount that counts", description="highest or lowest"),
    Field("userinfo.email", "E-mail"),
    Field("userinfo.customertype", "Kind of customer", description="b2b or b2c"),
    Field("userinfo.reference", "Customer number"),
    Field("userinfo.btw", "VAT number"),
    Field("userinfo.kvk", "Registration number"),
    Field("userinfo.iban", "IBAN"),
    Field("userinfo.bic", "BIC"),
    Field("userinfo.website", "Web site"),
    Field("userinfo.branch", "Branch of industry"),
    Field("userinfo.costcentre", "Cost centre"),
    Field("userinfo.birthdate", "Date of birth"),
    *address_fields(
        _BILLING, "Billing address", ("first_name", "first name"), ("last_name", "last name"), ("fax", "fax")
    ),
    *address_fields(_DELIVERY, "Delivery address", ("full_name", "name")),
)


MAPPING: Final = (
    Rule(target="username", expression="customer.email | trim | lower", when=When.CREATE),
    Rule(target="group_id", expression='group | lookup("customer_group", none)'),
    Rule(target="status", expression="active"),
    Rule(target="userinfo.email", expression="customer.email | trim | lower or none"),
    Rule(target="userinfo.customertype", expression='"b2b" if customer.kind == "company" else "b2c"'),
    Rule(target="userinfo.reference", expression="number or none"),
    Rule(target="userinfo.btw", expression="customer.vat_number or none"),
    Rule(target="userinfo.kvk", expression="customer.registration_number or none"),
    Rule(target=f"{_BILLING}.first_name", expression="customer.first_name or none"),
    Rule(target=f"{_BILLING}.last_name", expression="customer.last_name or none"),
    Rule(target=f"{_BILLING}.company", expression="customer.company or none"),
    Rule(target=f"{_BILLING}.telephone", expression="customer.phone or none"),
    *address_rules(_BILLING, "billing"),
    Rule(target=f"{_DELIVERY}.full_name", expression="shipping.name or none"),
    Rule(target=f"{_DELIVERY}.company", expression="shipping.company or none"),
    *address_rules(_DELIVERY, "shipping"),
)


def held_by(user: Mapping[str, Any]) -> dict[str, Any]:
    """What a registered customer holds of the fields."""
    return held(user, FIELDS)


def new_body(change: Change) -> dict[str, Any]:
    """The body that creates a customer, without a password; what is empty is left out. Raises `RecordRefused`."""
    written = {name: value for name, value in _in_shop_form(change, {}).items() if value not in {None, ""}}
    return nested(written)


def changed_body(change: Change, user: Mapping[str, Any]) -> dict[str, Any]:
    """What of a change the customer does not have yet, in the shop's form. Raises `RecordRefused`."""
    written = _in_shop_form(change, held_by(user))
    return nested({name: value for name, value in written.items() if value != _plain(member(user, name), value)})


def _in_shop_form(change: Change, before: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(change.values)
    values |= in_address_form(values, before, (_BILLING, _DELIVERY))
    if "group_id" in values:
        values["group_id"] = whole_number(change, "customer group", values["group_id"])
    return values


def _plain(value: Any, like: Any) -> Any:
    """What the shop holds, with null and empty text as the same nothing."""
    return "" if value is None and isinstance(like, str) else value
