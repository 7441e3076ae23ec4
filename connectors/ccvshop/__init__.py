"""CCV Shop: a web shop that hands out orders, takes them in, and keeps products, stock, customers and prices."""

from datetime import timedelta

from pydantic import BaseModel

from connectors.accounts import comparable_address
from connectors.ccvshop.account import CHOICES, CcvAccount
from connectors.ccvshop.api import buckets
from connectors.ccvshop.errors import CcvAnswers
from connectors.ccvshop.order_target import ORDER_TARGET
from connectors.ccvshop.orders import CcvOrders
from connectors.ccvshop.records import RECORD_SOURCES, RECORD_TARGETS
from connectors.ccvshop.settings import CcvConnection, CcvOrderSource
from connectors.ccvshop.signing import KeyPair
from connectors.ccvshop.statuses import STATUSES
from connectors.client import VendorClient
from connectors.declaration import ConnectionContext, Connector, OrderSourceDeclaration
from connectors.protocols import ReadDeclaration

__all__ = ["CONNECTOR"]


def _open_client(context: ConnectionContext) -> VendorClient:
    settings = CcvConnection.model_validate(context.settings)
    return VendorClient(
        settings.base_url,
        authentication=KeyPair(settings.public_key, settings.secret_key),
        answers=CcvAnswers(),
        budget=context.budget,
        recorder=context.recorder,
        buckets=buckets(settings),
        secrets=(settings.secret_key.get_secret_value(),),
        transport=context.transport,
        bounds=context.bounds,
    )


def _open_account(client: VendorClient, _connection: BaseModel) -> CcvAccount:
    return CcvAccount(client)


def _open_orders(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvOrders:
    return CcvOrders(client, CcvOrderSource.model_validate(settings))


CONNECTOR = Connector(
    system="ccvshop",
    title="CCV Shop",
    versions="REST API v1",
    connection_settings=CcvConnection,
    open_client=_open_client,
    open_account=_open_account,
    choices=CHOICES,
    account_settings={"base_url": comparable_address},
    prerequisites=(
        'In the shop\'s App Store, install the app "API".',
        "Under My web shop, Settings, API settings, create a key pair that may read orders and the shop.",
        "For flows of customers, the keys must also have the right to users.",
        "For group prices, install the app B2B, and give the keys the rights to user groups and their prices.",
        "For flows of products or stock, the keys must also have the rights to products, attributes and categories.",
    ),
    order_source=OrderSourceDeclaration(
        open=_open_orders,
        settings=CcvOrderSource,
        read=ReadDeclaration(
            cursor_field="create_date",
            lag=timedelta(minutes=10),
            sees_changes=False,
            sweep_every=timedelta(hours=1),
            sweep_window=timedelta(days=2),
        ),
        statuses=STATUSES,
        value_tables={"payment_method": "payment_methods"},
    ),
    order_target=ORDER_TARGET,
    record_sources=RECORD_SOURCES,
    record_targets=RECORD_TARGETS,
)
