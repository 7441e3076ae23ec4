"""CCV Shop."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import SecretStr

from connectors.ccvshop.settings import CcvConnection
from connectors.protocols import DocumentType
from tests.conformance.facts import ARTICLES, CARRIER, EMAILS, GROUP, ORDER_NUMBERS, PRICED, TRACKING_CODE
from tests.conformance.stand import Act, SourceStand, Stand, TargetStand
from tests.simulation import Simulation

_PUBLIC: Final = "k3y-public-0001"
_SECRET: Final = "s3cret-0001-not-real"
_ADDRESS: Final = {
    "first_name": "Jan",
    "last_name": "Jansen",
    "full_name": "Jan Jansen",
    "company": "Jansen BV",
    "address_line_1": "Dorpsstraat 3 A",
    "street": "Dorpsstraat",
    "housenumber": 3,
    "housenumber_suffix": "A",
    "zipcode": "3511AB",
    "city": "Utrecht",
    "country_code": "NL",
    "telephone": "0301234567",
}
_PIXEL: Final = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_BY_TAX: Final[tuple[Mapping[str, Any], ...]] = ({}, {"prices_include_tax": False})
_NOBODY: Final = "99999"
_SENT: Final = 5


def _patched(kind: str, **changes: Any) -> Act:
    async def act(sim: Simulation, source_id: str) -> None:
        await sim.patch(kind, source_id, changes)

    return act


async def _ship(sim: Simulation) -> None:
    """Send every order, which has to be a recent one: older ones are not looked at."""
    tracking = {"track_and_trace_code": TRACKING_CODE, "track_and_trace_carrier": CARRIER}
    placed = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    for order in (await sim.state("orders"))["orders"]:
        await sim.patch("orders", order["id"], {"status": _SENT, "create_date": placed, **tracking})


def _buyer(email: str) -> dict[str, Any]:
    delivery = {name: value for name, value in _ADDRESS.items() if name not in {"first_name", "last_name"}}
    return {
        "email": email,
        "customertype": "b2b",
        "btw": "NL004495445B01",
        "kvk": "12345678",
        "iban": "NL91ABNA0417164300",
        "website": "www.example.com",
        "branch": "Kitchens",
        "costcentre": "K1",
        "birthdate": "1980-01-01",
        "billingaddress": _ADDRESS,
        "deliveryaddress": delivery,
    }


async def _fill(sim: Simulation) -> None:
    await sim.load(
        {
            "usergroups": [{"id": 4, "groupname": GROUP}],
            "categories": [{"id": 60, "name": "Kitchen"}],
            "brands": [{"id": 61, "name": "Acme"}],
            "suppliers": [{"id": 62, "name": "Wholesaler"}],
            "attributes": [{"id": 30, "name": "Size"}],
            "attributevalues": [{"id": 31, "attribute_id": 30, "name": "Large"}],
            "products": [
                *(_product(900 + at, article) for at, article in enumerate(ARTICLES)),
                {"id": 910, "productnumber": "CF-SIZES", "name": "In sizes", "price": 10},
            ],
            "productattributevalues": [{"product_id": 910, "optionvalue": 31, "price": 0}],
            "producttocategories": [{"product_id": 900, "category_id": 60}],
            "productphotos": [{"product_id": 900, "file_type": "gif", "source": _PIXEL}],
            "users": [
                {"id": 70 + at, "username": email, "group_id": 4, "userinfo": {**_buyer(email), "reference": f"D-{at}"}}
                for at, email in enumerate(EMAILS)
            ],
            "groupprices": [
                {"id": 80 + at, "product_id": 900 + at, "usergroup_id": 4, "price": article.group_gross}
                for at, article in enumerate(PRICED)
            ],
            "orders": [
                {
                    "ordernumber": number,
                    "customer": _buyer(EMAILS[0]),
                    "orderrows": [{"product_id": 900, "count": 1}],
                }
                for number in ORDER_NUMBERS
            ],
        }
    )


async def _connect(sim: Simulation, refused: bool) -> tuple[CcvConnection, None]:
    secret = SecretStr("another" if refused else _SECRET)
    return CcvConnection(base_url=sim.base_url, public_key=_PUBLIC, secret_key=secret), None


def _product(product_id: int, article: Any) -> dict[str, Any]:
    return {
        "id": product_id,
        "productnumber": article.sku,
        "eannumber": article.ean,
        "name": article.name,
        "price": article.gross,
        "stock": article.stock,
        "shortdescription": "Short",
        "description": "Long",
        "weight": 1,
        "brand": "Acme",
        "supplier_id": 62,
    }


STAND: Final = Stand(
    sources={
        "orders": SourceStand(
            unknown=_NOBODY,
            change=_patched("orders", paid=True),
            spoil=_patched("orders", total_price="much"),
            status_when_sent="2",
        ),
        "products": SourceStand(
            unknown=_NOBODY,
            change=_patched("products", name="Changed"),
            spoil=_patched("products", price="much"),
            settings=_BY_TAX,
        ),
        "stock": SourceStand(
            unknown=_NOBODY, change=_patched("products", stock=99), spoil=_patched("products", stock="much")
        ),
        "customers": SourceStand(
            unknown=_NOBODY,
            change=_patched("users", approval_status="pending"),
            spoil=_patched("users", status="much"),
        ),
        "prices": SourceStand(
            unknown=_NOBODY,
            change=_patched("usergroupproductadjustments", price=1),
            spoil=_patched("usergroupproductadjustments", price="much"),
            settings=_BY_TAX,
        ),
        "shipments": SourceStand(
            unknown=_NOBODY,
            change=_patched("orders", track_and_trace_code="3SOTHER1"),
            spoil=_patched("orders", track_and_trace_code=["much"]),
            prepare=_ship,
        ),
    },
    targets={
        "orders": TargetStand(("orders",), _NOBODY, documents={DocumentType.ORDER: "orders"}),
        "products": TargetStand(("products",), _NOBODY, {"package": "1"}),
        "stock": TargetStand(("products",), _NOBODY),
        "customers": TargetStand(("users",), _NOBODY),
        "prices": TargetStand(
            ("usergroupproductadjustments",), _NOBODY, follows=frozenset({"price_with_tax", "price_without_tax"})
        ),
        "shipments": TargetStand(("orders",), _NOBODY),
    },
    group="4",
    secrets=(_SECRET,),
    fill=_fill,
    connect=_connect,
)
