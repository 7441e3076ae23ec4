"""A connection's settings as people send them, parted into what may be shown and what is encrypted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from api.problem_documents import FieldError, Refused
from connectors.declaration import Connector

SET = "set"
NOT_SET = "not set"
_WORTH_HIDING = 3


@dataclass(frozen=True)
class ParsedSettings:
    """Settings that the connector accepts."""

    model: BaseModel = field(repr=False)
    shown: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)


def secret_names(connector: Connector) -> frozenset[str]:
    """The settings of a system that are never shown."""
    fields = connector.connection_settings.model_fields.items()
    return frozenset(name for name, info in fields if _holds_secret(info.annotation))


def _holds_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))


def parse_connection_settings(connector: Connector, raw: Mapping[str, Any]) -> ParsedSettings:
    """Check settings with the connector's own model and part them.

    Raises:
        Refused: Naming every setting at fault, never what was entered.
    """
    hidden = secret_names(connector)
    try:
        model = connector.connection_settings.model_validate(dict(raw))
    except ValidationError as error:
        entered = [str(raw[name]) for name in hidden if len(str(raw.get(name) or "")) > _WORTH_HIDING]
        errors = [
            FieldError(field=".".join(map(str, item["loc"])) or "settings", detail=_without(item["msg"], entered))
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise Refused(f"{connector.title} cannot be connected with these settings.", errors=errors) from None
    kept: dict[str, str] = {}
    for name in hidden:
        value = getattr(model, name)
        if isinstance(value, SecretStr) and value.get_secret_value():
            kept[name] = value.get_secret_value()
    return ParsedSettings(
        model=model, shown=model.model_dump(mode="json", exclude=set(hidden), exclude_unset=True), secrets=kept
    )


def _without(message: str, secrets: list[str]) -> str:
    return "This value is not accepted." if any(secret in message for secret in secrets) else message


def merged(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Stored settings with changes over them; null sets one back to its default."""
    return {name: value for name, value in {**stored, **changes}.items() if value is not None}
