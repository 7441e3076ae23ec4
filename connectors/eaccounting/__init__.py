"""eAccounting (also sold as eEkonomi, Spiris and ePasseli): takes orders in as documents or vouchers."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from pydantic import BaseModel

from commerce.problems import ProblemCode
from connectors.accounts import comparable_address
from connectors.client import VendorClient
from connectors.declaration import ConnectionContext, Connector, OrderTargetDeclaration
from connectors.eaccounting.account import CHOICES, EAccountingAccount
from connectors.eaccounting.api import buckets
from connectors.eaccounting.document_fields import FIELDS, ROW_FIELDS, default_rules
from connectors.eaccounting.errors import ANSWERS
from connectors.eaccounting.order_source import ORDER_SOURCE
from connectors.eaccounting.records import RECORD_SOURCES, RECORD_TARGETS
from connectors.eaccounting.settings import IDENTITY_URL, EAccountingConnection, EAccountingOrders
from connectors.eaccounting.target import open_target
from connectors.eaccounting.tax_codes import TAX_CODE
from connectors.eaccounting.vouchers import PAYMENT_ACCOUNT
from connectors.errors import ConnectionRefused
from connectors.oauth import BearerTokens, OAuthClient, OAuthEndpoints
from connectors.protocols import DocumentType

__all__ = ["CONNECTOR"]

_TITLE: Final = "eAccounting"

ENDPOINTS: Final = OAuthEndpoints(
    authorize_url=f"{IDENTITY_URL}/connect/authorize",
    token_url=f"{IDENTITY_URL}/connect/token",
    revocation_url=f"{IDENTITY_URL}/connect/revocation",
    scopes=("ea:api", "offline_access", "ea:sales", "ea:accounting_readonly"),
    authorize_parameters={
        # Without these the sign-in server silently takes the company of the last visit, or one of another product.
        "prompt": "select_account",
        "acr_values": "service:44643EB1-3F76-4C1C-A672-402AE8085934",
    },
)
"""Source: Visma eAccounting API documentation, authentication (confirmed September 2026)."""


_BOOK_VOUCHERS: Final = "ea:accounting"
"""The scope that writes vouchers; it comprises ``ea:accounting_readonly``."""


def _oauth_client(settings: BaseModel) -> OAuthClient:
    connection = EAccountingConnection.model_validate(settings)
    asked = (*ENDPOINTS.scopes, _BOOK_VOUCHERS) if connection.book_vouchers else ENDPOINTS.scopes
    return OAuthClient(
        title=_TITLE,
        endpoints=replace(ENDPOINTS.at(connection.identity_url), scopes=asked),
        client_id=connection.client_id,
        client_secret=connection.client_secret.get_secret_value(),
    )


def _open_client(context: ConnectionContext) -> VendorClient:
    connection = EAccountingConnection.model_validate(context.settings)
    if context.vault is None:
        raise ConnectionRefused(
            ProblemCode.CONNECTION_EXPIRED, "eAccounting has not been given consent yet. Connect it first."
        )
    return VendorClient(
        connection.api_url,
        authentication=BearerTokens(_oauth_client(connection), context.vault),
        answers=ANSWERS,
        budget=context.budget,
        recorder=context.recorder,
        buckets=buckets(connection.client_id, connection.calls_per_minute),
        secrets=(connection.client_secret.get_secret_value(),),
        transport=context.transport,
        bounds=context.bounds,
    )


def _open_account(client: VendorClient, _connection: BaseModel) -> EAccountingAccount:
    return EAccountingAccount(client)


CONNECTOR: Final = Connector(
    system="eaccounting",
    title=_TITLE,
    versions="API v2",
    connection_settings=EAccountingConnection,
    open_client=_open_client,
    open_account=_open_account,
    choices=CHOICES,
    account_settings={"api_url": comparable_address},
    prerequisites=(
        "A client id and secret from the vendor's developer portal, with this installation's callback address.",
        "Articles for shipping, payment fees, discounts and rounding, one per VAT rate in use.",
        "A user who may create customers and sales documents gives consent and chooses the company.",
        "For financial transactions: “Book vouchers” on before consent; accounts for payment, revenue and VAT.",
    ),
    oauth=ENDPOINTS,
    oauth_client=_oauth_client,
    order_source=ORDER_SOURCE,
    order_target=OrderTargetDeclaration(
        open=open_target,
        settings=EAccountingOrders,
        document_types=frozenset(DocumentType),
        settle=timedelta(seconds=30),
        value_tables={
            "payment_method": "terms_of_payment",
            "shipping_method": "delivery_methods",
            "order_status": "order_statuses",
            TAX_CODE: "codings",
            PAYMENT_ACCOUNT: "accounts",
        },
        keyed_like={PAYMENT_ACCOUNT: "payment_method"},
        fields=FIELDS,
        row_fields=ROW_FIELDS,
        mapping_for=default_rules,
    ),
    record_sources=RECORD_SOURCES,
    record_targets=RECORD_TARGETS,
)
