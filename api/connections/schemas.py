"""What goes in and out of the endpoints for connections."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.engine import Heard
from api.fields import Name
from store.records import ConnectionState

_SETTINGS = "Settings of the system's settings schema, the secret ones among them."


class NewConnection(BaseModel):
    """An account to connect."""

    model_config = ConfigDict(extra="forbid")

    system: str = Field(max_length=50, examples=["ccvshop"])
    name: Name
    settings: dict[str, Any] = Field(default_factory=dict, description=_SETTINGS)


class ConnectionChange(BaseModel):
    """What to change; settings left out stay, null sets one back to its default."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    settings: dict[str, Any] = Field(default_factory=dict, description=_SETTINGS)


class ConnectionProblem(BaseModel):
    """Why a connection does not work."""

    code: str
    sentence: str


class Connection(BaseModel):
    """One account at one system."""

    id: str
    system: str
    name: str
    settings: dict[str, Any]
    secrets: dict[str, str] = Field(description="For every secret setting: `set` or `not set`.")
    state: ConnectionState
    problem: ConnectionProblem | None
    has_consent: bool = Field(description="Whether the vendor's consent was given; only for systems that ask for it.")
    connected_at: datetime | None
    created_at: datetime


class TestResult(BaseModel):
    """What the connected system said to a read."""

    ok: bool
    code: str = Field(description="Empty when the test passed; else what kind of failure it was.")
    sentence: str


class Consent(BaseModel):
    """Where the owner gives consent."""

    authorize_url: str


class Reconnect(BaseModel):
    """New settings or secrets for a connection that stopped working; empty to try again, or to give consent again."""

    model_config = ConfigDict(extra="forbid")

    settings: dict[str, Any] = Field(default_factory=dict, description=_SETTINGS)


class Reconnected(BaseModel):
    """The outcome: either consent is needed, or a test was made."""

    authorize_url: str | None = None
    test: TestResult | None = None
    poked: dict[str, Heard] = Field(default_factory=dict, description="Integrations that were told to go on.")


class Choice(BaseModel):
    """One entry of a live list."""

    value: str
    label: str
