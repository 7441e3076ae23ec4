"""OAuth 2 with an authorization code: consent, exchange, and tokens that are refreshed exactly once."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

import httpx
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # authlib ships no types
    prepare_grant_uri,
    prepare_token_request,
)

from commerce.problems import ProblemCode
from connectors import exact_json
from connectors.answers import Answer, parse_retry_after
from connectors.client import Bounds, new_http, require_safe_address
from connectors.errors import ConnectionRefused, RateLimited, Temporary

_REFRESH_EARLY = timedelta(seconds=60)
_LIFE_WHEN_UNTOLD = timedelta(minutes=10)
_RECONNECT = "Reconnect it to give consent again; everything waits until then and goes on by itself."


@dataclass(frozen=True)
class OAuthEndpoints:
    """Where a vendor asks for consent and hands out tokens."""

    authorize_url: str
    token_url: str
    revocation_url: str
    scopes: tuple[str, ...]
    authorize_parameters: Mapping[str, str] = field(default_factory=dict)
    """What the vendor wants on its consent page beside the standard."""
    basic_credentials: bool = True
    """Client id and secret as HTTP Basic; else as form fields."""

    def at(self, origin: str) -> "OAuthEndpoints":
        """The same paths at another scheme and host, for vendors' test environments."""

        def move(url: str) -> str:
            return str(httpx.URL(origin.rstrip("/")).join(httpx.URL(url).raw_path.decode()))

        return replace(
            self,
            authorize_url=move(self.authorize_url),
            token_url=move(self.token_url),
            revocation_url=move(self.revocation_url),
        )


@dataclass(frozen=True)
class OAuthClient:
    """Our registration at the vendor, and how to reach its token endpoint."""

    title: str
    """The vendor's name, for sentences."""
    endpoints: OAuthEndpoints
    client_id: str
    client_secret: str = field(repr=False)
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True)
class Tokens:
    """One pair as the vault keeps it; ``version`` grows with every refresh."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    version: int = 0

    def stale(self, now: datetime) -> bool:
        """Whether the access token is about to expire."""
        return now >= self.expires_at - _REFRESH_EARLY


class TokenVault(Protocol):
    """Keeps one connection's tokens, encrypted, for all workers."""

    async def load(self) -> Tokens:
        """The newest pair. Raises `ConnectionRefused` when consent was never given."""

    async def refresh_exclusively(self, version: int, refresh: Callable[[Tokens], Awaitable[Tokens]]) -> Tokens:
        """Replace pair ``version``, by one worker only; the new pair is saved before anyone gets it.

        When the vault already holds a newer pair, that one is returned and ``refresh`` is not called. The saved pair
        gets the next version, whatever ``refresh`` put there.
        """


class TokensInHand:
    """`TokenVault` of a pair that is not kept yet, to see first what it opens. For one caller."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    async def load(self) -> Tokens:
        """The newest pair."""
        return self.tokens

    async def refresh_exclusively(self, version: int, refresh: Callable[[Tokens], Awaitable[Tokens]]) -> Tokens:
        """See `TokenVault.refresh_exclusively`."""
        if self.tokens.version <= version:
            self.tokens = await refresh(self.tokens)
        return self.tokens


def authorization_url(client: OAuthClient, *, redirect_uri: str, state: str) -> str:
    """The page where the owner gives consent."""
    endpoints = client.endpoints
    require_safe_address(endpoints.authorize_url)
    url: str = prepare_grant_uri(
        endpoints.authorize_url,
        client.client_id,
        "code",
        redirect_uri=redirect_uri,
        scope=" ".join(endpoints.scopes),
        state=state,
        **endpoints.authorize_parameters,
    )
    return url


async def exchange_code(client: OAuthClient, *, code: str, redirect_uri: str) -> Tokens:
    """The first pair of tokens for the code that the consent page returned; a code works once.

    Raises:
        ConnectionRefused: The vendor does not accept the code or our registration.
        Temporary: The vendor did not answer.
    """
    return await _ask(client, "authorization_code", previous="", code=code, redirect_uri=redirect_uri)


async def refresh_tokens(client: OAuthClient, tokens: Tokens) -> Tokens:
    """The next pair. Call it through `TokenVault.refresh_exclusively` only: refresh tokens work once.

    Raises:
        ConnectionRefused: Consent has ended (``CONNECTION_EXPIRED``), or the registration is refused.
        Temporary: The vendor did not answer.
    """
    if not tokens.refresh_token:
        raise ConnectionRefused(
            ProblemCode.CONNECTION_EXPIRED, f"The consent for {client.title} has run out. {_RECONNECT}"
        )
    previous = tokens.refresh_token
    renewed = await _ask(client, "refresh_token", previous=previous, refresh_token=previous)
    return replace(renewed, version=tokens.version + 1)


class BearerTokens:
    """`Authentication` by access token, refreshed shortly before it expires and after a 401."""

    def __init__(self, client: OAuthClient, vault: TokenVault) -> None:
        self._client = client
        self._vault = vault
        self._tokens: Tokens | None = None

    async def sign(self, request: httpx.Request) -> None:
        """Put the access token on the request."""
        tokens = self._tokens
        if tokens is None or tokens.stale(datetime.now(UTC)):
            tokens = await self._vault.load()
        if tokens.stale(datetime.now(UTC)):
            tokens = await self._vault.refresh_exclusively(tokens.version, self._refresh)
        self._tokens = tokens
        request.headers["authorization"] = f"Bearer {tokens.access_token}"

    async def verify(self, request: httpx.Request, answer: Answer) -> None:
        """Nothing to check: answers to bearer tokens are not signed."""

    async def renew(self) -> bool:
        """Replace the pair that was refused, unless another worker already did."""
        if self._tokens is None:
            return False
        self._tokens = await self._vault.refresh_exclusively(self._tokens.version, self._refresh)
        return True

    async def _refresh(self, tokens: Tokens) -> Tokens:
        return await refresh_tokens(self._client, tokens)


async def _ask(client: OAuthClient, grant_type: str, *, previous: str, **fields: str) -> Tokens:
    url = client.endpoints.token_url
    require_safe_address(url)
    headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8", "accept": "application/json"}
    if client.endpoints.basic_credentials:
        headers["authorization"] = _basic(client)
    else:
        fields |= {"client_id": client.client_id, "client_secret": client.client_secret}
    body: str = prepare_token_request(grant_type, **fields)
    async with new_http(url, client.bounds, client.transport) as http:
        try:
            response = await http.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Temporary(f"The sign-in server of {client.title} did not answer.") from error
    return _tokens(client, response, previous)


def _tokens(client: OAuthClient, response: httpx.Response, previous: str) -> Tokens:
    answer = _body(response)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        wait = parse_retry_after(response.headers.get("retry-after", "")) or timedelta(seconds=60)
        raise RateLimited(f"The sign-in server of {client.title} asks to wait.", retry_after=wait)
    if answer is None or response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Temporary(f"The sign-in server of {client.title} failed (HTTP {response.status_code}).")
    if answer.get("error") == "invalid_grant":
        raise ConnectionRefused(
            ProblemCode.CONNECTION_EXPIRED, f"{client.title} has ended the consent of this connection. {_RECONNECT}"
        )
    access = answer.get("access_token")
    if not response.is_success or not isinstance(access, str) or not access:
        raise ConnectionRefused(
            ProblemCode.CONNECTION_REFUSED,
            f"The sign-in server of {client.title} does not accept this connection (HTTP {response.status_code}). "
            "Check the client id and secret in its settings, then reconnect it.",
        )
    life = answer.get("expires_in")
    seconds = timedelta(seconds=int(life)) if isinstance(life, int | str) and str(life).isdigit() else _LIFE_WHEN_UNTOLD
    rotated = answer.get("refresh_token")
    return Tokens(
        access_token=access,
        refresh_token=rotated if isinstance(rotated, str) and rotated else previous,
        expires_at=datetime.now(UTC) + seconds,
    )


def _body(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = exact_json.loads(response.content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _basic(client: OAuthClient) -> str:
    pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
    return "Basic " + b64encode(pair.encode()).decode()
