"""Connections: accounts at the systems."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.connections.schemas import (
    Choice,
    Connection,
    ConnectionChange,
    Consent,
    NewConnection,
    Reconnect,
    Reconnected,
    TestResult,
)
from api.connections.service import ConnectionService
from api.fields import IdInPath

router = APIRouter(prefix="/api/v1/connections", tags=["connections"])

Service = Annotated[ConnectionService, Depends()]


@router.post("", status_code=HTTPStatus.CREATED)
async def create_connection(wish: NewConnection, service: Service) -> Connection:
    """Keep a new account. Secrets are encrypted and never given back; test or authorise it next."""
    return await service.create(wish)


@router.get("")
async def list_connections(service: Service) -> list[Connection]:
    """All connections, oldest first."""
    return await service.all()


@router.get("/{connection_id}")
async def get_connection(connection_id: IdInPath, service: Service) -> Connection:
    """One connection, without its secrets."""
    return await service.get(connection_id)


@router.patch("/{connection_id}")
async def change_connection(connection_id: IdInPath, wish: ConnectionChange, service: Service) -> Connection:
    """Change a name or settings; what is left out stays."""
    return await service.change(connection_id, wish)


@router.post("/{connection_id}/test")
async def test_connection(connection_id: IdInPath, service: Service) -> TestResult:
    """Call the system now. When it answers, the connection counts as connected and what waited for it goes on."""
    return await service.test(connection_id)


@router.post("/{connection_id}/authorize")
async def authorize_connection(connection_id: IdInPath, service: Service) -> Consent:
    """The address where the account's owner gives consent; it works once, for 15 minutes."""
    return Consent(authorize_url=await service.authorize(connection_id))


@router.post("/{connection_id}/reconnect")
async def reconnect_connection(connection_id: IdInPath, wish: Reconnect, service: Service) -> Reconnected:
    """Repair a connection that stopped working: with new secrets, or with consent given anew."""
    return await service.reconnect(connection_id, wish)


@router.get("/{connection_id}/choices/{name}")
async def list_choices(
    connection_id: IdInPath, name: Annotated[str, Path(max_length=100)], service: Service
) -> list[Choice]:
    """A list read from the account now, such as its payment methods."""
    return await service.choices(connection_id, name)
