"""The identity server: authorisation code flow, single-use refresh tokens, revocation, discovery.

It lives in the same application as the API. The setting `authorize` decides what the merchant does: `redirect` (agrees
at once), `ask` (a page with two links) or `deny`. The setting `password_changed` kills every refresh token the next
time the identity server is called, and is then false again; access tokens live on until they expire.

Source: eAccounting API documentation, authentication (single-use refresh tokens confirmed; how long they live is not
published, so here they do not expire).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode

from simulators.kit import Clock, ControlError, VendorAnswer, VendorRequest

SCOPES: Final = (
    "ea:api",
    "offline_access",
    "ea:sales",
    "ea:sales_readonly",
    "ea:accounting",
    "ea:accounting_readonly",
    "ea:purchase",
    "ea:purchase_readonly",
)
PRESET_CLIENT: Final = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "redirect_uris": ["https://localhost:44300/callback", "http://127.0.0.1:*", "http://localhost:*"],
}
"""The application registered from the start. An address that ends in `*` allows every address that begins so."""

_CODE_LIFETIME: Final = timedelta(minutes=5)
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Code:
    """An authorisation code that can be exchanged once."""

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    expires: datetime
    challenge: str | None
    challenge_method: str


@dataclass(slots=True)
class Token:
    """What an access or refresh token stands for."""

    client_id: str
    scopes: frozenset[str]
    expires: datetime | None = None
    used: bool = False


class TokenRefusal(Exception):
    """An OAuth error answer of the token or revocation end point."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class IdentityServer:
    """Clients, codes and tokens of one simulator."""

    def __init__(self, clock: Clock, settings: dict[str, Any]) -> None:
        self.clock = clock
        self.settings = settings
        self.clients: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, Code] = {}
        self.access_tokens: dict[str, Token] = {}
        self.refresh_tokens: dict[str, Token] = {}
        self.counters: Counter[str] = Counter()
        self.register(PRESET_CLIENT)

    def register(self, client: dict[str, Any]) -> None:
        """Add or replace a client: `client_id`, `client_secret`, `redirect_uris`.

        Raises:
            ControlError: A member is missing.
        """
        missing = [name for name in ("client_id", "client_secret", "redirect_uris") if not client.get(name)]
        if missing:
            raise ControlError(f"A client needs {', '.join(missing)}.")
        self.clients[str(client["client_id"])] = dict(client)

    def grant(self, body: dict[str, Any]) -> dict[str, Any]:
        """Give tokens as if a consent had been given.

        Args:
            body: `client_id`, `scope`, `access_token`, `refresh_token`, each optional.

        Returns:
            The answer the token end point would have given.
        """
        scopes = frozenset(str(body.get("scope") or " ".join(SCOPES)).split())
        client_id = str(body.get("client_id") or PRESET_CLIENT["client_id"])
        return self._issue(client_id, scopes, body.get("access_token"), body.get("refresh_token"))

    def bearer(self, authorization: str) -> Token | None:
        """Give what a bearer header stands for, or None when the token is unknown or expired."""
        scheme, _, token = authorization.partition(" ")
        found = self.access_tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        if found is None or (found.expires is not None and found.expires <= self.clock.now()):
            return None
        return found

    def forget_access_tokens(self) -> None:
        """Make every access token invalid; refresh tokens stay."""
        self.access_tokens.clear()

    def answer(self, request: VendorRequest) -> VendorAnswer | None:
        """Answer a request to the identity server; None when the path is none of its own."""
        if self.settings["password_changed"]:
            self.refresh_tokens.clear()
            self.settings["password_changed"] = False
        match request.method, request.path:
            case "GET", "/connect/authorize":
                return self._authorize(request)
            case "POST", "/connect/token":
                return self._guarded(request, self._token)
            case "POST", "/connect/revocation":
                return self._guarded(request, self._revoke)
            case "GET", "/.well-known/openid-configuration":
                return _discovery(request.base_url)
            case _:
                return None

    def _authorize(self, request: VendorRequest) -> VendorAnswer:
        query = dict(request.query)
        client = self.clients.get(query.get("client_id", ""))
        address = query.get("redirect_uri", "")
        if client is None or not _allowed(address, client["redirect_uris"]):
            # An address that is not registered is never redirected to.
            return VendorAnswer.text(400, "Unknown client or redirect address.")
        mode = query.get("decision") or self.settings["authorize"]
        state = {"state": query["state"]} if "state" in query else {}
        scopes = frozenset(query.get("scope", "").split())
        if query.get("response_type") != "code":
            return _redirect(address, {"error": "unsupported_response_type", **state})
        if not scopes or not scopes <= set(SCOPES) or "ea:api" not in scopes:
            return _redirect(address, {"error": "invalid_scope", **state})
        if mode == "deny":
            return _redirect(address, {"error": "access_denied", **state})
        if mode == "ask":
            return _consent_page(request)
        code = secrets.token_urlsafe(24)
        self.codes[code] = Code(
            str(client["client_id"]),
            address,
            scopes,
            self.clock.now() + _CODE_LIFETIME,
            query.get("code_challenge"),
            query.get("code_challenge_method", "plain"),
        )
        self.counters["authorizations"] += 1
        return _redirect(address, {"code": code, **state})

    def _guarded(self, request: VendorRequest, act: Callable[[dict[str, str], str], VendorAnswer]) -> VendorAnswer:
        try:
            form = _form(request)
            answer = act(form, self._client_of(request, form))
        except TokenRefusal as refusal:
            self.counters[f"refused.{refusal.error}"] += 1
            return VendorAnswer.json(refusal.status, {"error": refusal.error})
        return answer

    def _client_of(self, request: VendorRequest, form: dict[str, str]) -> str:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise TokenRefusal("invalid_client", 401) from None
            name, secret = unquote(name), unquote(secret)
        else:
            name, secret = form.get("client_id", ""), form.get("client_secret", "")
        client = self.clients.get(name)
        if client is None or not hmac.compare_digest(str(client["client_secret"]).encode(), secret.encode()):
            raise TokenRefusal("invalid_client", 400)
        return name

    def _token(self, form: dict[str, str], client_id: str) -> VendorAnswer:
        match form.get("grant_type"):
            case "authorization_code":
                return VendorAnswer.json(200, self._exchange(form, client_id))
            case "refresh_token":
                return VendorAnswer.json(200, self._refresh(form, client_id))
            case _:
                raise TokenRefusal("unsupported_grant_type")

    def _exchange(self, form: dict[str, str], client_id: str) -> dict[str, Any]:
        code = self.codes.pop(form.get("code", ""), None)
        if (
            code is None
            or code.client_id != client_id
            or code.redirect_uri != form.get("redirect_uri")
            or code.expires <= self.clock.now()
            or not _proves(code, form.get("code_verifier", ""))
        ):
            raise TokenRefusal("invalid_grant")
        self.counters["code_exchanges"] += 1
        return self._issue(client_id, code.scopes)

    def _refresh(self, form: dict[str, str], client_id: str) -> dict[str, Any]:
        token = self.refresh_tokens.get(form.get("refresh_token", ""))
        if token is None or token.used or token.client_id != client_id:
            if token is not None and token.used:
                self.counters["token_refreshes_with_used_token"] += 1
            raise TokenRefusal("invalid_grant")
        token.used = True
        self.counters["token_refreshes"] += 1
        return self._issue(client_id, token.scopes)

    def _issue(
        self, client_id: str, scopes: frozenset[str], access: str | None = None, refresh: str | None = None
    ) -> dict[str, Any]:
        seconds = int(self.settings["access_token_seconds"])
        access = access or secrets.token_urlsafe(32)
        self.access_tokens[access] = Token(client_id, scopes, self.clock.now() + timedelta(seconds=seconds))
        answer: dict[str, Any] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": " ".join(sorted(scopes)),
        }
        if "offline_access" in scopes:
            refresh = refresh or secrets.token_urlsafe(32)
            self.refresh_tokens[refresh] = Token(client_id, scopes)
            answer["refresh_token"] = refresh
        return answer

    def _revoke(self, form: dict[str, str], client_id: str) -> VendorAnswer:
        for tokens in (self.access_tokens, self.refresh_tokens):
            token = tokens.get(form.get("token", ""))
            if token is not None and token.client_id == client_id:
                del tokens[form["token"]]
        self.counters["revocations"] += 1
        return VendorAnswer(200)


def _form(request: VendorRequest) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith(_FORM):
        raise TokenRefusal("invalid_request")
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _allowed(address: str, registered: list[str]) -> bool:
    return any(
        address.startswith(entry[:-1]) if entry.endswith("*") else address == entry for entry in registered if address
    )


def _proves(code: Code, verifier: str) -> bool:
    if code.challenge is None:
        return True
    if code.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(verifier.encode(), code.challenge.encode())


def _redirect(address: str, parameters: dict[str, str]) -> VendorAnswer:
    joint = "&" if "?" in address else "?"
    return VendorAnswer(302, b"", {"location": f"{address}{joint}{urlencode(parameters)}"})


def _consent_page(request: VendorRequest) -> VendorAnswer:
    links = "".join(
        f'<p><a id="{choice}" href="/connect/authorize?{escape(urlencode([*request.query, ("decision", choice)]))}">'
        f"{text}</a></p>"
        for choice, text in (("redirect", "Allow"), ("deny", "Deny"))
    )
    page = f"<!DOCTYPE html><html><head><title>Access to your company</title></head><body>{links}</body></html>"
    return VendorAnswer.text(200, page, "text/html; charset=utf-8")


def _discovery(base_url: str) -> VendorAnswer:
    return VendorAnswer.json(
        200,
        {
            "issuer": base_url,
            "authorization_endpoint": f"{base_url}/connect/authorize",
            "token_endpoint": f"{base_url}/connect/token",
            "revocation_endpoint": f"{base_url}/connect/revocation",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["plain", "S256"],
        },
    )
