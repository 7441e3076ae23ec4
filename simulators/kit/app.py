"""The host of one simulator: vendor routes with faults and journal, and the control interface beside them."""

from __future__ import annotations

import asyncio
import time

from starlette.types import Receive, Scope, Send

from simulators.kit import transport
from simulators.kit.control import ControlInterface
from simulators.kit.exchange import VendorAnswer, VendorRequest
from simulators.kit.faults import KIT_FAULTS, FaultPlan, FiredFault
from simulators.kit.journal import Entry, Journal
from simulators.kit.simulator import Simulator

_MAINTENANCE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"
_SILENT_SECONDS = 60.0
_CUT_BODY = b'{"items":['


class SimulatorApp:
    """An ASGI application for one simulator; give it to uvicorn or to an in-process HTTP client."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.journal = Journal()
        self.plan = FaultPlan(frozenset(simulator.known_faults()))
        self.closing = asyncio.Event()
        self._control = ControlInterface(simulator, self.journal, self.plan).app()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] != "http":
            raise ValueError(f"A simulator does not speak {scope['type']}.")
        elif scope["path"].startswith("/_sim"):
            await self._control(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.closing.set()
        await self.simulator.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await transport.read_request(scope, receive)
        entry = self.journal.open(
            self.simulator.clock.now(), request.method, request.raw_target, request.headers, request.body
        )
        fault = self.plan.next_fault(request.method, request.raw_target)
        started = time.perf_counter()
        try:
            if fault is None:
                await self._finish(send, entry, await self.simulator.answer(request))
            else:
                entry.fault = fault.name
                await self._misbehave(_Exchange(scope, receive, send, request, entry), fault)
        finally:
            entry.duration = time.perf_counter() - started

    async def _misbehave(self, exchange: _Exchange, fault: FiredFault) -> None:
        if fault.name not in KIT_FAULTS or fault.name == "unsorted_page":
            exchange.request.fault = fault
            await self._finish(exchange.send, exchange.entry, await self.simulator.answer(exchange.request))
            return
        if fault.name == "slow":
            await transport.keep_silent(exchange.receive, self.closing, fault.seconds(1))
        answer = await self._worked_or_refused(exchange.request, fault)
        if fault.name.startswith("timeout_"):
            await transport.keep_silent(exchange.receive, self.closing, fault.seconds(_SILENT_SECONDS))
            await transport.drop_connection(exchange.scope, exchange.receive, exchange.send, reset=False)
        elif fault.name in ("reset_before_commit", "reset_after_commit"):
            await transport.drop_connection(exchange.scope, exchange.receive, exchange.send, reset=True)
        elif fault.name == "reset_mid_body":
            clock = self.simulator.clock
            await transport.send_half(exchange.scope, exchange.receive, exchange.send, answer, clock)
        else:
            await self._finish(exchange.send, exchange.entry, answer)

    async def _worked_or_refused(self, request: VendorRequest, fault: FiredFault) -> VendorAnswer:
        """The answer that belongs to the fault, after the vendor's work where the fault comes after it."""
        worked = fault.name.endswith("_after_commit") or fault.name in ("slow", "truncated_json", "reset_mid_body")
        answer = await self.simulator.answer(request) if worked else VendorAnswer(500)
        match fault.name:
            case "429" | "daily_limit":
                return self.simulator.error_answer(fault.name)
            case "429_with_retry_after":
                refusal = self.simulator.error_answer("429")
                refusal.headers["retry-after"] = str(int(fault.seconds(1)))
                return refusal
            case "500_before_commit" | "500_after_commit":
                return self.simulator.error_answer("500")
            case "html_200" | "html_200_after_commit":
                return VendorAnswer.text(200, _MAINTENANCE, "text/html; charset=utf-8")
            case "token_expired":
                self.simulator.forget_tokens()
                return self.simulator.error_answer("token_expired")
            case "truncated_json":
                answer.body = answer.body[: len(answer.body) // 2] or _CUT_BODY
                answer.status = 200 if answer.status == 204 else answer.status
                return answer
            case _:
                return answer

    async def _finish(self, send: Send, entry: Entry, answer: VendorAnswer) -> None:
        entry.status = answer.status
        await transport.send_answer(send, answer, self.simulator.clock)


class _Exchange:
    """One request under way, with the connection it came by."""

    __slots__ = ("entry", "receive", "request", "scope", "send")

    def __init__(self, scope: Scope, receive: Receive, send: Send, request: VendorRequest, entry: Entry) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.request = request
        self.entry = entry


def build_app(simulator: Simulator) -> SimulatorApp:
    """The simulator as an ASGI application with its control interface under ``/_sim/``."""
    return SimulatorApp(simulator)
