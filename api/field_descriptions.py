"""Fields of records and targets, as several areas of the API show them."""

from collections.abc import Iterable

from pydantic import BaseModel, Field

from connectors.flow_mapping import Field as DeclaredField


class FieldDescription(BaseModel):
    """One field that expressions may read, or that may be written."""

    name: str
    title: str
    kind: str = Field(description="text, number, money, boolean, moment, list or mapping.")
    max_length: int | None = Field(description="Characters; longer texts are cut visibly.")
    places: int | None = Field(description="Decimals; numbers are rounded half up.")
    required: bool = Field(description="Whether a record cannot be created without it.")
    description: str
    choices: str = Field(description="The live list its values come from.")


def described(fields: Iterable[DeclaredField]) -> list[FieldDescription]:
    """Declared fields as the API gives them."""
    return [
        FieldDescription(
            name=field.name,
            title=field.title,
            kind=field.kind,
            max_length=field.max_length,
            places=field.places,
            required=field.required,
            description=field.description,
            choices=field.choices,
        )
        for field in fields
    ]
