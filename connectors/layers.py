"""Settings in two layers: what an integration says for all its flows at a system, and what one flow says itself."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, JsonValue

MANDATORY: dict[str, JsonValue] = {"mandatory": True}
"""For ``Field(json_schema_extra=…)``: the setting may be saved empty, but its flow cannot be switched on then."""

NEEDS = "needs"
"""For ``Field(json_schema_extra={NEEDS: …})``: the field of the record without which the setting means nothing."""


def mandatory_with(setting: str, value: object, **others: object) -> dict[str, JsonValue]:
    """Like `MANDATORY`, but only while another setting of the model has this value, or one of ``others`` its own."""
    return {"mandatory": {name: str(wanted) for name, wanted in {setting: value, **others}.items()}}


def layered(model: type[BaseModel], shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The raw settings of one side: what the flow says, over what the integration says of the settings it has."""
    return {name: value for name, value in shared.items() if name in model.model_fields} | dict(own)


def missing_settings(settings: BaseModel) -> tuple[str, ...]:
    """The titles of mandatory settings that are empty, in the order they are asked for."""
    missing = []
    for name, field in type(settings).model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and _is_needed(extra.get("mandatory"), settings):
            empty = getattr(settings, name) in ("", None, (), {})
            missing += [field.title or name] if empty else []
    return tuple(missing)


def _is_needed(mandatory: object, settings: BaseModel) -> bool:
    if isinstance(mandatory, dict):
        return any(str(getattr(settings, name)) == value for name, value in mandatory.items())
    return bool(mandatory)
