"""What one process is told from outside: environment variables ``LONGSHORE_…`` or a ``.env`` file."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of a process; the command line of ``longshore`` overrides some of them."""

    model_config = SettingsConfigDict(env_prefix="LONGSHORE_", env_file=".env", extra="ignore")

    data_dir: Path = Field(default=Path("longshore-data"), description="Where the embedded databases and keys live.")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty means SQLite in the data directory.")
    keys: SecretStr = Field(
        default=SecretStr(""), description="Key ring `id:base64,…`; the first encrypts. Empty: a file in data_dir."
    )
    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    task_queue: str = Field(default="longshore-orders", description="Where workers of this installation listen.")
    temporal_ui_url: str = "http://127.0.0.1:8233"
    api_host: str = "127.0.0.1"
    api_port: int = 8080
    public_url: str = Field(default="", description="How browsers and vendors reach the API; empty: host and port.")
    codec_token: SecretStr = Field(
        default=SecretStr(""), description="Last part of the codec address the Temporal UI calls; empty: none answers."
    )
    vendor_timeout_seconds: float = Field(default=30, gt=0, description="How long one call to a vendor may take.")
    max_concurrent_activities: int = Field(default=40, ge=1)
    metrics_address: str = Field(default="", description="host:port for Prometheus metrics of the worker; empty: none.")
    log_level: str = "INFO"

    def resolved_database_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'longshore.db').resolve()}"

    def resolved_public_url(self) -> str:
        """The API's address as others see it, without a trailing slash."""
        return (self.public_url or f"http://{self.api_host}:{self.api_port}").rstrip("/")
