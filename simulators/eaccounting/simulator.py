"""The simulator of one eAccounting company with its identity server."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, ClassVar, Final

from simulators.eaccounting import errors
from simulators.eaccounting.account import MODEL_OF, Account
from simulators.eaccounting.errors import Refusal, error_body
from simulators.eaccounting.identity import IdentityServer, Token
from simulators.eaccounting.loading import (
    delete,
    in_loading_order,
    load_records,
    patch,
    shown_record,
    shown_records,
)
from simulators.eaccounting.routes import NO_BODY, Call, Route, find_route
from simulators.eaccounting.seed import sow
from simulators.kit import ControlError, RateLimiter, Simulator, VendorAnswer, VendorRequest, check_parts

_ACTIVE, _READ_ONLY = 1, 2
_WITH_BODY: Final = ("POST", "PUT")


class EAccounting(Simulator):
    """One company's account, the API under `/v2/` and the identity server under `/connect/`.

    Settings: `rate_limit` calls per minute per client and path (ids count as one path), `retry_after` whether a refusal
    says when to come back, `product_variant` and `modules` as the API numbers and names them, `stock_module`,
    `stock_balance_write` (`ignored` or `refused` while the stock module is on), `stock_touches_changed`,
    `prices_incl_vat_for_private`, `whole_unit_rounding`, `totals_include_vat` (how drafts, invoices and quotes tell
    `TotalAmount`; the vendor's texts read as without VAT), `locked_to` (last day of the locked period or null),
    `unfilterable` (members that answer 6000 in a filter), `hidden_from_list` (ids that lists leave out), `authorize`
    (`redirect`, `ask`, `deny`), `longest_address` (characters of path and query; more is 414), `password_changed`,
    `access_token_seconds`, `uses_moss`, `company_status`, `company` and `currency_rates` (value of one unit in the
    company's currency, as text).

    Source: eAccounting API documentation, rate limits and product variants (confirmed 2026).
    """

    name: ClassVar[str] = "eaccounting"
    default_settings: ClassVar[dict[str, Any]] = {
        "rate_limit": 600,
        "retry_after": False,
        "longest_address": 8000,
        "product_variant": 1,
        "modules": ["sales_standard", "order_standard", "quote_standard"],
        "stock_module": False,
        "stock_balance_write": "ignored",
        "stock_touches_changed": False,
        "prices_incl_vat_for_private": True,
        "whole_unit_rounding": False,
        "totals_include_vat": False,
        "locked_to": None,
        "unfilterable": [],
        "hidden_from_list": [],
        "authorize": "redirect",
        "password_changed": False,
        "access_token_seconds": 3600,
        "uses_moss": False,
        "company_status": _ACTIVE,
        "company": {
            "Name": "Voorbeeld Handel B.V.",
            "CountryCode": "NL",
            "CurrencyCode": "EUR",
            "City": "Utrecht",
            "PostalCode": "3511 AA",
            "Email": "boekhouding@example.nl",
        },
        "currency_rates": {"USD": "0.92", "GBP": "1.17", "SEK": "0.088"},
    }

    def __init__(self) -> None:
        super().__init__()
        self.limiter = RateLimiter(self.clock)
        self.clear_records()

    def clear_records(self) -> None:
        """Start again as a new company without tokens."""
        self.account = Account(self.clock, self.settings)
        sow(self.account)
        self.identity = IdentityServer(self.clock, self.settings)
        self.limiter.reset()

    async def answer(self, request: VendorRequest) -> VendorAnswer:
        """Serve one request: identity server, else API with access, limit and validation in that order."""
        answer = self.identity.answer(request)
        if answer is not None:
            return answer
        if len(request.raw_target) > self.settings["longest_address"]:
            return VendorAnswer.text(414, "Request-URI Too Long")
        try:
            status, body = self._api(request)
        except Refusal as refusal:
            return self._refused(refusal)
        return VendorAnswer(status) if body is None else VendorAnswer.json(status, body)

    def error_answer(self, kind: str) -> VendorAnswer:
        """Give the vendor's own error; it has no daily limit, so that kind is a rate limit with a long wait."""
        match kind:
            case "429":
                return self._refused(_too_many(60, 600))
            case "daily_limit":
                return self._refused(_too_many(86_400, 600))
            case "token_expired":
                return _unauthorized()
            case _:
                return VendorAnswer.json(500, error_body(errors.SERVER_ERROR, "An internal error occurred."))

    def state(self) -> dict[str, Any]:
        """Give all records, counters, and the highest number of calls in any minute per client and path."""
        return {name: gather() for name, gather in self._parts().items()}

    def state_of(self, names: Collection[str]) -> dict[str, Any]:
        """Give only these parts of the state; the others are not gathered.

        Raises:
            ControlError: The state has no part of that name.
        """
        parts = self._parts()
        check_parts(names, parts)
        return {name: parts[name]() for name in names}

    def record(self, kind: str, record_id: str) -> dict[str, Any]:
        """Give one record as the state shows it."""
        return shown_record(self.account, kind, record_id)

    def load(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take in lists of native records by kind, `clients` of the identity server, and `grants` (ready tokens).

        Returns:
            The number of records per kind; for `grants` the token answers themselves.

        Raises:
            ControlError: The body is not understood; entries before the faulty one stay loaded.
        """
        done: dict[str, Any] = {}
        self.account.forget()
        for kind in in_loading_order(body):
            entries = body[kind]
            if not isinstance(entries, list):
                raise ControlError(f"{kind} must be a list.")
            if kind == "clients":
                for client in entries:
                    self.identity.register(client)
                done[kind] = len(entries)
            elif kind == "grants":
                done[kind] = [self.identity.grant(grant) for grant in entries]
            else:
                done[kind] = load_records(self.account, kind, entries)
        return done

    def patch_record(self, kind: str, record_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change a stored record; see `loading.patch`."""
        self.account.forget()
        return patch(self.account, kind, record_id, changes)

    def delete_record(self, kind: str, record_id: str) -> None:
        """Remove a stored record; see `loading.delete`."""
        self.account.forget()
        delete(self.account, kind, record_id)

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Change switches; what was remembered under the old ones is forgotten."""
        self.account.forget()
        super().change_settings(changes)

    def forget_tokens(self) -> None:
        """Make every access token invalid; refresh tokens stay."""
        self.identity.forget_access_tokens()

    def _api(self, request: VendorRequest) -> tuple[int, Any]:
        token = self.identity.bearer(request.headers.get("authorization", ""))
        if token is None:
            raise Refusal(errors.NOT_AUTHORISED, "The access token is missing, unknown or expired.", status=401)
        if not request.path.startswith("/v2/"):
            raise errors.not_found("resource", request.path, in_path=True)
        route, ids = find_route(request.method, request.path.removeprefix("/v2/").rstrip("/"))
        self._limit(token, route)
        self._check_access(token, route)
        call = Call(ids, dict(request.query), _body(request), request.fault_is("unsorted_page"))
        if request.method == "GET":
            return route.act(self.account, call)
        try:
            return route.act(self.account, call)
        finally:
            self.account.forget()

    def _parts(self) -> dict[str, Callable[[], Any]]:
        return {
            **{kind: partial(shown_records, self.account, kind) for kind in MODEL_OF},
            "payments": lambda: self.account.payments,
            "counters": lambda: {**self.account.counters, **self.identity.counters},
            "clients": lambda: [
                {"client_id": name, "redirect_uris": client["redirect_uris"]}
                for name, client in self.identity.clients.items()
            ],
            "rate_limit_peaks": lambda: dict(self.limiter.peaks),
            "rate_limit_refusals": lambda: dict(self.limiter.refusals),
        }

    def _limit(self, token: Token, route: Route) -> None:
        limit = self.settings["rate_limit"]
        verdict = self.limiter.admit(f"{token.client_id} /v2/{route.template}", limit)
        if not verdict.allowed:
            raise _too_many(verdict.seconds_left, limit)

    def _check_access(self, token: Token, route: Route) -> None:
        reads = route.method == "GET"
        wanted = [scope for scope in route.scopes if reads or not scope.endswith("_readonly")]
        if "ea:api" not in token.scopes or not token.scopes.intersection(wanted):
            raise Refusal(errors.SCOPE_MISSING, f"This needs ea:api and {' or '.join(wanted)}.", status=403)
        status = self.settings["company_status"]
        if status not in (_ACTIVE, _READ_ONLY):
            raise Refusal(errors.COMPANY_INACTIVE, "The company is not active.", status=403)
        if status == _READ_ONLY and not reads:
            raise Refusal(errors.READ_ONLY_COMPANY, "The company is read-only.", status=403)
        if self.settings["product_variant"] not in route.variants:
            raise Refusal(errors.PRODUCT_VARIANT, "This is not available in the product variant.", status=403)
        if route.modules and not route.modules.intersection(self.settings["modules"]):
            raise Refusal(errors.NO_ACCESS_TO_MODULE, "The company does not have the module.", status=403)

    def _refused(self, refusal: Refusal) -> VendorAnswer:
        if refusal.status == 401:
            return _unauthorized()
        answer = VendorAnswer.json(refusal.status, refusal.body())
        if isinstance(refusal, _TooMany) and self.settings["retry_after"]:
            answer.headers["retry-after"] = str(refusal.seconds)
        return answer


class _TooMany(Refusal):
    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(errors.TOO_MANY_REQUESTS, message, status=429)
        self.seconds = seconds


def _too_many(seconds: int, limit: int) -> _TooMany:
    return _TooMany(
        f"API calls quota exceeded! maximum admitted {limit} per Minute. Try again in {seconds} seconds.", seconds
    )


def _unauthorized() -> VendorAnswer:
    body = error_body(errors.NOT_AUTHORISED, "The access token is missing, unknown or expired.")
    return VendorAnswer.json(401, body, headers={"www-authenticate": 'Bearer error="invalid_token"'})


def _body(request: VendorRequest) -> Any:
    if request.method not in _WITH_BODY or not request.body.strip():
        return NO_BODY
    if "json" not in request.headers.get("content-type", ""):
        raise Refusal(errors.VALIDATION, "Content-Type must be application/json.", status=415)
    try:
        return request.json()
    except ValueError:
        raise errors.invalid("$", "The body is not valid JSON.") from None
