"""What the endpoints work with, composed by the command that serves them."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request
from temporalio.client import Client
from temporalio.converter import PayloadCodec

from connectors.flow_mapping import AccountFields
from connectors.oauth import TokenVault
from connectors.protocols import Account
from connectors.rehearsed import Rehearsals
from settings import Settings
from store import Store


class OpenAccount(Protocol):
    """Opens the account behind a connection."""

    def __call__(
        self, workspace_id: str, connection_id: str, *, vault: TokenVault | None = None
    ) -> AbstractAsyncContextManager[Account]:
        """The account, closed afterwards; with tokens of a ``vault`` in place of those that the connection keeps."""


ReadAccountFields = Callable[[str, str], Awaitable[AccountFields]]
"""Workspace id, flow id → the fields that the accounts at its ends have themselves; raises `VendorError`."""


@dataclass(frozen=True)
class Services:
    """The application's collaborators."""

    store: Store
    temporal: Client
    settings: Settings
    open_account: OpenAccount
    read_account_fields: ReadAccountFields
    rehearsals: Rehearsals
    codec: PayloadCodec


def services_of(request: Request) -> Services:
    """The services the application was created with."""
    services: Services = request.app.state.services
    return services


CurrentServices = Annotated[Services, Depends(services_of)]
