"""Whether a connection still is the account that it was: what tells accounts apart is declared by the connector."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from connectors.declaration import Connector

_PORTS: Mapping[str, int] = {"http": 80, "https": 443}


def comparable_address(address: str) -> str:
    """An address in the one form that all ways to write it have; for `Connector.account_settings`.

    What is no address comes back as it is.
    """
    whole = address.strip() if "://" in address else f"https://{address.strip()}"
    try:
        parts = urlsplit(whole)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return whole
    return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}:{port}{parts.path.rstrip('/')}"


def settings_of_another_account(system: Connector, before: Mapping[str, Any], after: BaseModel) -> list[str]:
    """The settings, by their names, in which ``after`` is another account than ``before``; empty: it is the same.

    ``before`` is what was stored, without the settings that were left at their defaults.
    """
    fields = system.connection_settings.model_fields
    return [
        name
        for name, comparable in system.account_settings.items()
        if comparable(str(before.get(name, fields[name].default))) != comparable(str(getattr(after, name)))
    ]
