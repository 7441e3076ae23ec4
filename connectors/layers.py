"""Settings in two layers: what an integration says for all its flows at a system, and what one flow says itself."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, JsonValue

MANDATORY: dict[str, JsonValue] = {"mandatory": True}
"""For ``Field(json_schema_extra=…)``: the setting may be saved empty, but its flow cannot be switched on then."""

NEEDS = "needs"
"""For ``Field(json_schema_extra={NEEDS: …})``: the field of the record without which the setting means nothing."""


def mandatory_with(setting: str, value: object, **others: object) -> dict[str, JsonValue]:
    """Like `MANDATORY`, but only while another setting has this value, or one of ``others`` its own.

    These are settings of the model, or of what every flow of its kind has.
    """
    return {"mandatory": {name: str(wanted) for name, wanted in {setting: value, **others}.items()}}


def mandatory_unless(setting: str, value: object) -> dict[str, JsonValue]:
    """Like `MANDATORY`, but not while a setting of the model, or of the flow beside it, has this value."""
    return {"mandatory": True, "unless": {setting: str(value)}}


def layered(model: type[BaseModel], shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The raw settings of one side: what the flow says, over what the integration says of the settings it has."""
    return {name: value for name, value in shared.items() if name in model.model_fields} | dict(own)


def missing_settings(settings: BaseModel, beside: BaseModel | None = None) -> tuple[str, ...]:
    """The titles of mandatory settings that are empty, in the order they are asked for.

    ``beside`` are the settings that every flow of the kind has, which may decide what is mandatory here.
    """
    missing = []
    for name, field in type(settings).model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and _is_needed(extra, settings, beside):
            empty = getattr(settings, name) in ("", None, (), {})
            missing += [field.title or name] if empty else []
    return tuple(missing)


def _is_needed(extra: Mapping[str, object], settings: BaseModel, beside: BaseModel | None) -> bool:
    mandatory = extra.get("mandatory")
    if isinstance(mandatory, dict):
        return _any_holds(mandatory, settings, beside)
    return bool(mandatory) and not _any_holds(extra.get("unless"), settings, beside)


def _any_holds(conditions: object, *models: BaseModel | None) -> bool:
    if not isinstance(conditions, dict):
        return False
    return any(str(getattr(model, name, None)) == value for name, value in conditions.items() for model in models)
