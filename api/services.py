"""What the endpoints work with, composed by the command that serves them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client
from temporalio.converter import PayloadCodec

from connectors.protocols import Account
from settings import Settings
from store import Store

OpenAccount = Callable[[str, str], AbstractAsyncContextManager[Account]]
"""Workspace id, connection id → the connected account, closed afterwards."""


@dataclass(frozen=True)
class Services:
    """The application's collaborators."""

    store: Store
    temporal: Client
    settings: Settings
    open_account: OpenAccount
    codec: PayloadCodec


def services_of(request: Request) -> Services:
    """The services the application was created with."""
    services: Services = request.app.state.services
    return services


CurrentServices = Annotated[Services, Depends(services_of)]
