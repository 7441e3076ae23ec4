"""The control interface under ``/_sim/``, the same for every vendor: load, look, move the clock, break things."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.kit import exactjson
from simulators.kit.faults import FaultPlan
from simulators.kit.journal import Journal
from simulators.kit.simulator import ControlError, Simulator

VERSION = 1

Handler = Callable[[Request], Awaitable[Response]]


class ControlInterface:
    """Handlers for one simulator's ``/_sim/`` routes."""

    def __init__(self, simulator: Simulator, journal: Journal, plan: FaultPlan) -> None:
        self._simulator = simulator
        self._journal = journal
        self._plan = plan

    def app(self) -> Starlette:
        """The routes as an application of their own."""
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/_sim/", self._about),
            ("POST", "/_sim/reset", self._reset),
            ("POST", "/_sim/load", self._load),
            ("GET", "/_sim/state", self._state),
            ("GET", "/_sim/records/{kind}/{record_id}", self._read_record),
            ("PATCH", "/_sim/records/{kind}/{record_id}", self._patch_record),
            ("DELETE", "/_sim/records/{kind}/{record_id}", self._delete_record),
            ("GET", "/_sim/requests", self._requests),
            ("DELETE", "/_sim/requests", self._clear_requests),
            ("GET", "/_sim/faults", self._faults),
            ("PUT", "/_sim/faults", self._put_faults),
            ("DELETE", "/_sim/faults", self._clear_faults),
            ("GET", "/_sim/clock", self._clock),
            ("POST", "/_sim/clock", self._move_clock),
            ("GET", "/_sim/settings", self._settings),
            ("PATCH", "/_sim/settings", self._change_settings),
        ]
        return Starlette(routes=[Route(path, _guarded(handler), methods=[method]) for method, path, handler in routes])

    async def _about(self, request: Request) -> Response:
        del request
        return _json(
            {
                "name": self._simulator.name,
                "version": VERSION,
                "faults": self._simulator.known_faults(),
                "settings": self._simulator.settings,
            }
        )

    async def _reset(self, request: Request) -> Response:
        del request
        self._simulator.reset()
        self._journal.clear()
        self._plan.clear()
        return Response(status_code=204)

    async def _load(self, request: Request) -> Response:
        return _json(self._simulator.load(await _mapping(request)))

    async def _state(self, request: Request) -> Response:
        only = request.query_params.get("only")
        return _json(self._simulator.state() if only is None else self._simulator.state_of(only.split(",")))

    async def _read_record(self, request: Request) -> Response:
        try:
            return _json(self._simulator.record(request.path_params["kind"], request.path_params["record_id"]))
        except KeyError as error:
            return _json({"error": str(error.args[0])}, status=404)

    async def _patch_record(self, request: Request) -> Response:
        kind, record_id = request.path_params["kind"], request.path_params["record_id"]
        changes = await _mapping(request)
        try:
            return _json(self._simulator.patch_record(kind, record_id, changes))
        except KeyError as error:
            return _json({"error": str(error.args[0])}, status=404)

    async def _delete_record(self, request: Request) -> Response:
        try:
            self._simulator.delete_record(request.path_params["kind"], request.path_params["record_id"])
        except KeyError as error:
            return _json({"error": str(error.args[0])}, status=404)
        return Response(status_code=204)

    async def _requests(self, request: Request) -> Response:
        try:
            since = int(request.query_params.get("since", "0"))
        except ValueError as error:
            raise ControlError("since must be a whole number.") from error
        entries = [entry.as_json() for entry in self._journal.since(since)]
        return _json({"requests": entries, "next": self._journal.next_index})

    async def _clear_requests(self, request: Request) -> Response:
        del request
        self._journal.clear()
        return Response(status_code=204)

    async def _faults(self, request: Request) -> Response:
        del request
        return _json([rule.as_json() for rule in self._plan.rules])

    async def _put_faults(self, request: Request) -> Response:
        rules = exactjson.loads(await request.body())
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ControlError("Faults are a list of rules.")
        self._plan.replace(rules)
        return _json([rule.as_json() for rule in self._plan.rules])

    async def _clear_faults(self, request: Request) -> Response:
        del request
        self._plan.clear()
        return Response(status_code=204)

    async def _clock(self, request: Request) -> Response:
        del request
        clock = self._simulator.clock
        return _json({"now": clock.now(), "offset_seconds": f"{clock.offset_seconds:.3f}"})

    async def _move_clock(self, request: Request) -> Response:
        body, clock = await _mapping(request), self._simulator.clock
        match body:
            case {"advance_seconds": seconds}:
                clock.advance(float(seconds))
            case {"skew_seconds": seconds}:
                clock.set_skew(float(seconds))
            case {"now": str(text)}:
                clock.set_now(datetime.fromisoformat(text))
            case _:
                raise ControlError("Send advance_seconds, skew_seconds or now.")
        return await self._clock(request)

    async def _settings(self, request: Request) -> Response:
        del request
        return _json(self._simulator.settings)

    async def _change_settings(self, request: Request) -> Response:
        self._simulator.change_settings(await _mapping(request))
        return _json(self._simulator.settings)


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except ValueError as error:
            return _json({"error": str(error)}, status=400)

    return guarded


async def _mapping(request: Request) -> dict[str, Any]:
    body = exactjson.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.")
    return body


def _json(value: Any, status: int = 200) -> Response:
    return Response(exactjson.dumps(value), status_code=status, media_type="application/json")
