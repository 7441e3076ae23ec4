"""The members of a registered customer. Source: CCV Shop API documentation, users (June 2022)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from connectors.ccvshop.writing import held, member, nested, whole_number
from connectors.records import Change
from mapping.fields import Field, FieldKind
from mapping.rules import Rule, When

_NUMBER = re.compile(r"(\d{1,9})[\s-]*(.*)", re.DOTALL)
_BILLING: Final = "userinfo.billingaddress"
_DELIVERY: Final = "userinfo.deliveryaddress"


def _address(place: str, title: str, *names: tuple[str, str]) -> tuple[Field, ...]:
    shared = (
        ("company", "company"),
        ("street", "street"),
        ("housenumber", "house number"),
        ("housenumber_suffix", "house number suffix"),
        ("zipcode", "postcode"),
        ("city", "city"),
        ("province", "province"),
        ("country_code", "country"),
        ("telephone", "telephone"),
        ("mobile", "mobile"),
        ("gender", "gender"),
        ("initials", "initials"),
        ("comment", "comment"),
    )
    return tuple(Field(f"{place}.{name}", f"{title}: {words}") for name, words in (*names, *shared))


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
    *_address(_BILLING, "Billing address", ("first_name", "first name"), ("last_name", "last name"), ("fax", "fax")),
    *_address(_DELIVERY, "Delivery address", ("full_name", "name")),
)


def _address_rules(place: str, record: str) -> tuple[Rule, ...]:
    """An address goes over as a whole or, when its source has none, not at all."""
    parts = {
        "street": "street",
        "housenumber": "number",
        "housenumber_suffix": "addition",
        "zipcode": "postcode",
        "city": "city",
    }
    rules = [
        Rule(target=f"{place}.{name}", expression=f"{record}.{part} if {record}.street else none")
        for name, part in parts.items()
    ]
    return (*rules, Rule(target=f"{place}.country_code", expression=f"{record}.country or none"))


MAPPING: Final = (
    Rule(target="username", expression="customer.email | trim | lower", when=When.CREATE),
    Rule(target="group_id", expression='group | lookup("customer_group", none)'),
    Rule(target="status", expression="active"),
    Rule(target="userinfo.email", expression="customer.email | trim | lower or none"),
    Rule(target="userinfo.customertype", expression='"b2b" if customer.kind == "company" else "b2c"'),
    Rule(target="userinfo.reference", expression="reference or none"),
    Rule(target="userinfo.btw", expression="customer.vat_number or none"),
    Rule(target="userinfo.kvk", expression="customer.registration_number or none"),
    Rule(target=f"{_BILLING}.first_name", expression="customer.first_name or none"),
    Rule(target=f"{_BILLING}.last_name", expression="customer.last_name or none"),
    Rule(target=f"{_BILLING}.company", expression="customer.company or none"),
    Rule(target=f"{_BILLING}.telephone", expression="customer.phone or none"),
    *_address_rules(_BILLING, "billing"),
    Rule(target=f"{_DELIVERY}.full_name", expression="shipping.name or none"),
    Rule(target=f"{_DELIVERY}.company", expression="shipping.company or none"),
    *_address_rules(_DELIVERY, "shipping"),
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
    for place in (_BILLING, _DELIVERY):
        names = tuple(f"{place}.{part}" for part in ("street", "housenumber", "housenumber_suffix"))
        if not any(name in values for name in names):
            continue
        street, number, suffix = ((values if name in values else before).get(name) or "" for name in names)
        values |= zip(names, _house(street, number, suffix), strict=True)
    for place in (_BILLING, _DELIVERY):
        country = f"{place}.country_code"
        if country in values:
            values[country] = values[country].upper() or None
    if "group_id" in values:
        values["group_id"] = whole_number(change, "customer group", values["group_id"])
    return values


def _house(street: str, number: str, suffix: str) -> tuple[str, int | None, str]:
    """A house number as the shop wants it: digits, with what follows them as the suffix, else behind the street."""
    number = number.strip()
    if not number:
        return street, None, suffix
    digits = _NUMBER.fullmatch(number)
    if digits is None:
        return street if street.endswith(f" {number}") else f"{street} {number}".strip(), None, suffix
    return street, int(digits[1]), " ".join(part for part in (digits[2].strip(), suffix) if part)


def _plain(value: Any, like: Any) -> Any:
    """What the shop holds, with null and empty text as the same nothing."""
    return "" if value is None and isinstance(like, str) else value
