"""What an integration can say once for all its flows at a system."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from connectors.declaration import Connector
from connectors.order_flow import SettingsRefused, describe
from connectors.pairs import side_models


def shared_schema(connector: Connector) -> dict[str, Any]:
    """JSON schema of these settings: the system's own model, or else every setting that one of its sides has."""
    if connector.shared_settings is not None:
        return connector.shared_settings.model_json_schema()
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for schema in (model.model_json_schema() for model in side_models(connector)):
        properties = {**schema.get("properties", {}), **properties}
        definitions = {**schema.get("$defs", {}), **definitions}
    return {
        "title": f"Settings of all flows at {connector.title}",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"$defs": definitions} if definitions else {}),
    }


def check_shared(connector: Connector, raw: Mapping[str, Any]) -> None:
    """Refuse settings that no flow at the system could use.

    Raises:
        SettingsRefused: Naming the settings that are unknown, or whose value does not fit.
    """
    if connector.shared_settings is not None:
        _check(connector.shared_settings, raw)
        return
    models = side_models(connector)
    unknown = sorted(name for name in raw if not any(name in model.model_fields for model in models))
    if unknown:
        raise SettingsRefused(f"{connector.title} has no setting {', '.join(unknown)}.")
    for model in models:
        _check(model, {name: value for name, value in raw.items() if name in model.model_fields})


def _check(model: type[BaseModel], raw: Mapping[str, Any]) -> None:
    try:
        model.model_validate(raw)
    except ValidationError as error:
        raise SettingsRefused(describe(error)) from error
