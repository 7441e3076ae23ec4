"""A made-up bookkeeping system that takes orders in and asks for consent, so that no vendor is needed here."""

from datetime import timedelta
from urllib.parse import parse_qs

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.client import VendorClient
from connectors.declaration import ConnectionContext, Connector, OrderTargetDeclaration
from connectors.oauth import OAuthClient, OAuthEndpoints
from connectors.protocols import Account, DocumentType, OrderTarget

GOOD_CODE = "good-code"
ACCESS_TOKEN = "canary-access-token"
REFRESH_TOKEN = "canary-refresh-token"


class BooksConnection(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=8)
    division: str = "main"


class BooksOrders(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ledger_account: int = Field(default=8000, ge=1)


def token_endpoint(request: httpx.Request) -> httpx.Response:
    form = parse_qs(request.content.decode())
    if form.get("code") != [GOOD_CODE]:
        return httpx.Response(400, json={"error": "invalid_grant"})
    return httpx.Response(200, json={"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, "expires_in": 3600})


def _never(*_: object) -> VendorClient:
    raise AssertionError("the API opens accounts through its services only")


def _no_account(_client: VendorClient, _settings: BaseModel) -> Account:
    raise AssertionError("the API opens accounts through its services only")


def _no_target(_client: VendorClient, _connection: BaseModel, _flow: BaseModel) -> OrderTarget:
    raise AssertionError("the API writes to no vendor")


def _open_client(_context: ConnectionContext) -> VendorClient:
    return _never()


ENDPOINTS = OAuthEndpoints(
    authorize_url="https://books.example.com/authorize",
    token_url="https://books.example.com/token",
    revocation_url="https://books.example.com/revoke",
    scopes=("orders",),
)


def _oauth_client(settings: BaseModel) -> OAuthClient:
    books = BooksConnection.model_validate(settings)
    return OAuthClient(
        title="Books",
        endpoints=ENDPOINTS,
        client_id=books.client_id,
        client_secret=books.client_secret.get_secret_value(),
        transport=httpx.MockTransport(token_endpoint),
    )


BOOKS = Connector(
    system="books",
    title="Books",
    versions="1",
    connection_settings=BooksConnection,
    open_client=_open_client,
    open_account=_no_account,
    choices={"payment_terms": "Terms of payment"},
    oauth=ENDPOINTS,
    oauth_client=_oauth_client,
    order_target=OrderTargetDeclaration(
        open=_no_target,
        settings=BooksOrders,
        document_types=frozenset({DocumentType.ORDER, DocumentType.INVOICE}),
        settle=timedelta(seconds=30),
        value_tables={"payment_method": "payment_terms"},
    ),
)
