"""eAccounting."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import SecretStr

from connectors.eaccounting.settings import EAccountingConnection
from connectors.oauth import Tokens
from connectors.protocols import DocumentType
from simulators.eaccounting import EAccounting
from simulators.eaccounting.account import fixed_id
from tests.conformance.facts import ARTICLES, CARRIER, EMAILS, GROUP, ORDER_NUMBERS, PRICED, TRACKING_CODE
from tests.conformance.stand import Act, SourceStand, Stand, TargetStand
from tests.connectors.support import MemoryVault
from tests.simulation import Simulation

_SECRET: Final = "sandbox-secret"
_ACCESS: Final = "access-of-the-suite"
_REFRESH: Final = "refresh-of-the-suite"
_GROUP: Final = "00000000-0000-4000-8000-000000000001"
_NOBODY: Final = "00000000-0000-4000-8000-000000000009"
_NO_PRICE: Final = f"{_GROUP}:{_NOBODY}"
_PRO, _SHIPPED = 5, 3
_ORDERS: Final = {
    "shipping_article": {"21": "SHIP21"},
    "rounding_article": {"0": "ROUND0", "21": "ROUND21"},
    "voucher_account": "1100",
    "voucher_revenue_account": {"0": "8000", "21": "8210"},
    "voucher_vat_account": {"21": "1500"},
}


def _loaded(kind: str, **changes: Any) -> Act:
    """A person changes a record; lists in the books' own form."""

    async def act(sim: Simulation, source_id: str) -> None:
        await sim.load({kind: [{"Id": source_id, **changes}]})

    return act


async def _price_changed(sim: Simulation, source_id: str) -> None:
    list_id, _, article_id = source_id.partition(":")
    await sim.load({"salespricelistrows": [{"SalesPriceListId": list_id, "ArticleId": article_id, "NetPrice": 1}]})


def _spoiled(kind: str, member: str) -> Act:
    async def act(sim: Simulation, source_id: str) -> None:
        assert isinstance(sim.simulator, EAccounting)
        sim.simulator.account.tables[kind][source_id.replace(":", "/")][member] = "much"

    return act


async def _ship(sim: Simulation) -> None:
    orders = (await sim.state("orders"))["orders"]
    texts = [f"Track & trace: {CARRIER} {TRACKING_CODE}"]
    await sim.load({"orders": [{"Id": one["Id"], "Status": _SHIPPED, "text_rows": texts} for one in orders]})


async def _fill(sim: Simulation) -> None:
    await sim.settings({"product_variant": _PRO})
    await sim.load(
        {
            "articles": [
                *(
                    {
                        "Number": one.sku,
                        "Name": one.name,
                        "vat_rate": 21,
                        "NetPrice": one.net,
                        "StockBalance": one.stock,
                        "Barcodes": [{"Barcode": one.ean}],
                        "ArticleLabels": [{"Name": "Kitchen"}],
                    }
                    for one in ARTICLES
                ),
                *_special(),
            ],
            "salespricelists": [
                {
                    "Id": _GROUP,
                    "Name": GROUP,
                    "prices": [{"ArticleNumber": one.sku, "NetPrice": one.group_net} for one in PRICED],
                }
            ],
            "customers": [
                {
                    "CustomerNumber": str(70 + at),
                    "Name": "Jan Jansen" if at else "Voorbeeld B.V.",
                    "IsPrivatePerson": bool(at),
                    "ContactPersonName": "Jan Jansen",
                    "EmailAddress": email,
                    "Telephone": "030-1234567",
                    "VatNumber": "NL004495445B01",
                    "CorporateIdentityNumber": "12345678",
                    "SalesDocumentLanguage": "NL",
                    "InvoiceAddress1": "Dorpsstraat 3 A",
                    "DeliveryCustomerName": "Voorbeeld B.V.",
                    "DeliveryAddress1": "Dorpsstraat 3 A",
                    "DeliveryPostalCode": "3511 AB",
                    "DeliveryCity": "Utrecht",
                    "DeliveryCountryCode": "NL",
                    "price_list": GROUP,
                }
                for at, email in enumerate(EMAILS)
            ],
            "orders": [
                {
                    "CustomerNumber": "70",
                    "BuyersOrderReference": str(number),
                    "Rows": [{"ArticleNumber": "CF-1", "Quantity": 1, "UnitPrice": Decimal(10)}],
                }
                for number in ORDER_NUMBERS
            ],
        }
    )


async def _connect(sim: Simulation, refused: bool) -> tuple[EAccountingConnection, MemoryVault]:
    grant = {"access_token": _ACCESS, "refresh_token": _REFRESH}
    if not refused:
        await sim.load({"grants": [grant]})
    settings = EAccountingConnection(
        client_id="sandbox-client",
        client_secret=SecretStr(_SECRET),
        api_url=sim.base_url,
        identity_url=sim.base_url,
        book_vouchers=True,
    )
    return settings, MemoryVault(Tokens(**grant, expires_at=datetime.now(UTC) + timedelta(hours=1), version=0))


def _special() -> list[dict[str, Any]]:
    return [
        {"Number": number, "Name": number, "vat_rate": rate, "IsServiceArticle": True}
        for number, rate in (("SHIP21", 21), ("ROUND21", 21), ("ROUND0", 0))
    ]


STAND: Final = Stand(
    sources={
        "orders": SourceStand(
            unknown=_NOBODY,
            change=_loaded("orders", DeliveryMethodName="Pickup"),
            spoil=_spoiled("orders", "OrderDate"),
            settings=({"leave_shop_orders": False},),
            status_when_sent="shipped",
        ),
        "products": SourceStand(
            unknown=_NOBODY,
            change=_loaded("articles", Name="Changed"),
            spoil=_spoiled("articles", "NetPrice"),
            settings=({"labels_as_categories": True},),
        ),
        "stock": SourceStand(unknown=_NOBODY, change=_loaded("articles", StockBalance=99)),
        "customers": SourceStand(unknown=_NOBODY, change=_loaded("customers", Telephone="1")),
        "prices": SourceStand(
            unknown=_NO_PRICE, change=_price_changed, spoil=_spoiled("salespricelistrows", "NetPrice")
        ),
        "shipments": SourceStand(
            unknown=_NOBODY,
            change=_loaded("orders", text_rows=["Track & trace: DHL 3SOTHER1"]),
            spoil=_spoiled("orders", "ShippedDateTime"),
            prepare=_ship,
        ),
    },
    targets={
        "orders": TargetStand(
            ("orders",),
            _NOBODY,
            _ORDERS,
            documents={
                DocumentType.ORDER: "orders",
                DocumentType.INVOICE: "customerinvoices",
                DocumentType.INVOICE_DRAFT: "customerinvoicedrafts",
                DocumentType.QUOTE: "quotes",
                DocumentType.TRANSACTION: "vouchers",
            },
        ),
        "products": TargetStand(("articles",), _NOBODY, {"unit": fixed_id("units", "PCE")}),
        "stock": TargetStand(("articles",), _NOBODY),
        "customers": TargetStand(
            ("customers",), _NOBODY, {"terms_of_payment": fixed_id("termsofpayments", "30 days net")}
        ),
        "prices": TargetStand(("salespricelistrows",), _NO_PRICE, follows=frozenset({"GrossPrice"})),
        "shipments": TargetStand(("orders",), _NOBODY),
    },
    group=_GROUP,
    secrets=(_SECRET, _ACCESS, _REFRESH),
    fill=_fill,
    connect=_connect,
)
