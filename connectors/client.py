"""The one way to call a vendor over HTTP: bounded, recorded, and honest about what is known after a failure."""

import ipaddress
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from commerce.problems import Problem, ProblemCode
from connectors import exact_json
from connectors.answers import Action, Answer, AnswerTable
from connectors.authentication import Authentication, UntrustedAnswerError
from connectors.budget import Bucket, Buckets, RateBudget
from connectors.errors import (
    ConnectionRefused,
    OutcomeUnknown,
    RateLimited,
    RecordGone,
    RecordRefused,
    Temporary,
    VendorError,
)
from connectors.exchange import Exchange, ExchangeRecorder, Masking, Outcome

_BRIDGE_TRIES = 3
_BRIDGE_SECONDS = 3
_RENEWALS = 3
"""A fresh token can be refused too, when the vendor ends all of them while many calls are under way."""
_KEEP_IDLE_SECONDS = 3.0
"""Shorter than the keep-alive of common servers, so that a write does not meet a connection that is being closed."""
_FIRST_STATUS_OF_EDGE_SERVERS = 520
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)

# Both log whole addresses, and httpcore headers too: customers' e-mail addresses and keys would stand in our logs.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Bounds:
    """What one call may take."""

    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=30)
    """Longest silence while waiting for the answer."""
    answer_bytes: int = 64 * 1024 * 1024


def require_safe_address(url: str) -> None:
    """Refuse addresses that would send data in clear over a network.

    Raises:
        ConnectionRefused: The address is not https (plain http is allowed to this machine only) or has no host.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        raise ConnectionRefused(
            ProblemCode.CONNECTION_REFUSED,
            "The address of this connection is not a web address. Enter it as https://host.",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConnectionRefused(
            ProblemCode.CONNECTION_REFUSED,
            f"The address http://{parts.hostname} is not encrypted, so nothing was sent. Enter it with https://.",
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def new_http(url: str, bounds: Bounds, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """An httpx client that follows no redirects and verifies certificates."""
    return httpx.AsyncClient(
        transport=transport,
        follow_redirects=False,
        timeout=httpx.Timeout(bounds.read.total_seconds(), connect=bounds.connect.total_seconds()),
        limits=httpx.Limits(keepalive_expiry=_KEEP_IDLE_SECONDS),
        trust_env=not is_loopback(urlsplit(url).hostname or ""),
    )


def _no_limits(_method: str, _path: str) -> Sequence[Bucket]:
    return ()


class VendorClient:
    """Calls one account of one vendor.

    Reads are bridged over a hiccup of a few seconds; writes are sent once. Every call is recorded. A path may carry a
    query of its own, as the addresses of next pages do.
    """

    def __init__(
        self,
        base_url: str,
        *,
        authentication: Authentication,
        answers: AnswerTable,
        budget: RateBudget,
        recorder: ExchangeRecorder,
        buckets: Buckets = _no_limits,
        secrets: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        require_safe_address(base_url)
        self.base_url = base_url.rstrip("/")
        self._authentication = authentication
        self.answers = answers
        self._budget = budget
        self._recorder = recorder
        self._buckets = buckets
        self._secrets = (*secrets,)
        self._mask = Masking(self._secrets)
        self._headers = {"accept": "application/json", "user-agent": "longshore", **(headers or {})}
        self._bounds = bounds or Bounds()
        self._http = new_http(base_url, self._bounds, transport)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> "VendorClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def read(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        operation: str,
        json: Any = None,
        accept: Collection[Action] = (),
    ) -> Answer:
        """Call something that changes nothing; ``operation`` completes "refused to ...".

        ``accept`` names the actions, beside `Action.ACCEPT`, whose answers the caller wants to see itself.

        Raises:
            Temporary: No trustworthy answer within a few tries.
            RateLimited: The budget is used up.
            RecordGone: There is no such record.
            RecordRefused: The vendor refuses this call, or its answer is too large.
            ConnectionRefused: The vendor refuses this account.
        """
        bridge = AsyncRetrying(
            stop=stop_after_attempt(_BRIDGE_TRIES) | stop_after_delay(_BRIDGE_SECONDS),
            wait=wait_random_exponential(multiplier=0.2, max=1),
            retry=retry_if_exception(_is_hiccup),
            reraise=True,
        )
        call = _Call(method, self._url(path, params), path, _content(json), operation, writing=False)
        return await bridge(self._call, call, accept)

    async def write(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        operation: str,
        params: Mapping[str, str] | None = None,
        accept: Collection[Action] = (),
        secrets: Iterable[str] = (),
    ) -> Answer:
        """Change something at the vendor, with at most one transmission that can be acted upon.

        ``secrets`` are values of this one call, such as a new password, that its record must not hold.

        Raises:
            OutcomeUnknown: It was sent and no trustworthy answer came; it may have been done.
            Temporary: It was certainly not sent.
            RateLimited: The budget is used up; nothing was done.
            RecordGone: What it names does not exist.
            RecordRefused: The vendor refuses it.
            ConnectionRefused: The vendor refuses this account.
        """
        url = self._url(path, params)
        call = _Call(method, url, path, _content(json), operation, writing=True, secrets=(*secrets,))
        return await self._call(call, accept)

    def _url(self, path: str, params: Mapping[str, str] | None) -> str:
        url = self.base_url + path
        if params:
            url += ("&" if "?" in path else "?") + urlencode(params, quote_via=quote, safe="$")
        return url

    async def _call(self, call: "_Call", accept: Collection[Action]) -> Answer:
        answer, action = await self._send(call)
        for _ in range(_RENEWALS):
            if action is not Action.RENEW or action in accept or not await self._authentication.renew():
                break
            answer, action = await self._send(call)
        if action is Action.WAIT:
            await self._pause(call, answer)
        if action is Action.ACCEPT or action in accept:
            return answer
        raise self._error(call, answer, action)

    async def _send(self, call: "_Call") -> tuple[Answer, Action]:
        for bucket in self._buckets(call.method, call.bare_path()):
            await self._budget.acquire(bucket.name, bucket.usable())
        headers = self._headers if call.content is None else {**self._headers, "content-type": "application/json"}
        request = self._http.build_request(call.method, call.url, content=call.content, headers=headers)
        await self._authentication.sign(request)
        sent = _Sent(datetime.now(UTC), time.monotonic())
        try:
            response = await self._http.send(request, stream=True)
            sent.status = response.status_code
            try:
                content = await self._collect(response, call)
            finally:
                await response.aclose()
        except (httpx.HTTPError, _TooLargeError) as error:
            failure, outcome = self._failure(call, sent, error)
            await self._record(call, sent, "", outcome)
            raise failure from error
        answer = _answer(response, content)
        action = self.answers.classify(answer)
        outcome = _outcome(answer, action)
        if action is Action.ACCEPT:
            try:
                await self._authentication.verify(request, answer)
            except UntrustedAnswerError:
                action, outcome = Action.RETRY, Outcome.BROKEN
        await self._record(call, sent, answer.text(), outcome)
        return answer, action

    async def _collect(self, response: httpx.Response, call: "_Call") -> bytes:
        parts = bytearray()
        async for part in response.aiter_bytes():
            parts += part
            if len(parts) > self._bounds.answer_bytes:
                raise _TooLargeError(call.operation)
        return bytes(parts)

    def _failure(self, call: "_Call", sent: "_Sent", error: Exception) -> tuple[VendorError, Outcome]:
        title = self.answers.title
        if isinstance(error, _NEVER_SENT):
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                sentence = (
                    f"The certificate of {self.base_url} cannot be trusted, so nothing was sent. "
                    "Have it renewed, or correct the address of the connection."
                )
                return ConnectionRefused(ProblemCode.CONNECTION_REFUSED, sentence), Outcome.NOT_SENT
            return Temporary(f"{title} could not be reached to {call.operation}."), Outcome.NOT_SENT
        if call.writing:
            sentence = f"The answer of {title} to {call.operation} was lost; whether it was done will be looked up."
            outcome = Outcome.NO_ANSWER if sent.status is None else Outcome.BROKEN
            return OutcomeUnknown(sentence, settled=sent.status is not None), outcome
        if isinstance(error, _TooLargeError):
            megabytes = self._bounds.answer_bytes // (1024 * 1024)
            sentence = (
                f"The answer of {title} to {call.operation} is larger than {megabytes} MB and was not read. "
                "Make the record smaller at its source, then retry."
            )
            problem = Problem(code=ProblemCode.TOO_LARGE, field=call.operation, value="", sentence=sentence)
            return RecordRefused(problem), Outcome.BROKEN
        if sent.status is not None:
            return Temporary(f"The answer of {title} to {call.operation} broke off."), Outcome.BROKEN
        return Temporary(f"{title} did not answer to {call.operation}."), Outcome.NO_ANSWER

    def _error(self, call: "_Call", answer: Answer, action: Action) -> VendorError:
        title = self.answers.title
        match action:
            case Action.RETRY if call.writing:
                sentence = (
                    f"{title} did not say clearly whether it did {call.operation} (HTTP {answer.status}); "
                    "this will be looked up."
                )
                return OutcomeUnknown(sentence, settled=not _from_gateway(answer.status))
            case Action.RETRY:
                how = " with a web page instead of data" if answer.looks_like_html() else ""
                sentence = f"{title} failed to {call.operation}: it answered HTTP {answer.status}{how}."
                return Temporary(sentence, retry_after=self.answers.retry_after(answer))
            case Action.WAIT:
                pause = self.answers.pause(answer)
                sentence = f"{title} asks to wait {pause.total_seconds():.0f} seconds before it can {call.operation}."
                return RateLimited(sentence, retry_after=pause)
            case Action.GONE:
                return RecordGone(call.operation, call.bare_path())
            case Action.PARK_CONNECTION | Action.RENEW:
                return ConnectionRefused(*self.answers.connection_problem(answer, call.operation))
        return RecordRefused(self.answers.problem(answer, call.operation, writing=call.writing))

    async def _pause(self, call: "_Call", answer: Answer) -> None:
        buckets = self._buckets(call.method, call.bare_path())
        if buckets:
            bucket = buckets[-1] if self.answers.whole_account(answer) else buckets[0]
            await self._budget.exhausted(bucket.name, self.answers.pause(answer))

    async def _record(self, call: "_Call", sent: "_Sent", response_body: str, outcome: Outcome) -> None:
        mask = Masking((*self._secrets, *call.secrets)) if call.secrets else self._mask
        await self._recorder.record(
            Exchange(
                operation=call.operation,
                method=call.method,
                url=mask(call.url),
                request_body=mask((call.content or b"").decode()),
                status=sent.status,
                response_body=mask(response_body),
                started_at=sent.at,
                duration_ms=round((time.monotonic() - sent.clock) * 1000),
                outcome=outcome,
            )
        )


class _TooLargeError(Exception):
    """The answer passed the size bound and was not read further."""


@dataclass(frozen=True)
class _Call:
    method: str
    url: str
    path: str
    content: bytes | None
    operation: str
    writing: bool
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def bare_path(self) -> str:
        return self.path.partition("?")[0]


@dataclass
class _Sent:
    at: datetime
    clock: float
    status: int | None = None


def _content(json: Any) -> bytes | None:
    return None if json is None else exact_json.dumps(json).encode("ascii")


def _answer(response: httpx.Response, content: bytes) -> Answer:
    body: Any = None
    readable = True
    if content.strip():
        try:
            body = exact_json.loads(content)
        except ValueError:
            readable = False
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, content, body, readable)


def _outcome(answer: Answer, action: Action) -> Outcome:
    match action:
        case Action.ACCEPT:
            return Outcome.ACCEPTED
        case Action.WAIT:
            return Outcome.RATE_LIMITED
        case Action.RETRY:
            return Outcome.FAILED if answer.readable else Outcome.BROKEN
    return Outcome.REFUSED


def _from_gateway(status: int) -> bool:
    """Whether a server in between gave up waiting, while the vendor's own may still be working."""
    return status in {httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT} or status >= _FIRST_STATUS_OF_EDGE_SERVERS


def _is_hiccup(error: BaseException) -> bool:
    return isinstance(error, Temporary) and not isinstance(error, RateLimited) and error.retry_after is None
