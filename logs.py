"""Logs: one JSON line per event on standard error or in a file, without a customer's data or a secret."""

import logging
import sys
from pathlib import Path
from typing import TextIO

import structlog

_QUIET = ("httpx", "httpcore", "uvicorn.access", "sqlalchemy", "aiosqlite", "alembic")
"""Loggers whose ordinary lines quote addresses with query strings, statements or parameters."""


class _IdsOnly(logging.Filter):
    """Drops the texts of errors: they can quote a customer. Where it happened is in the ledger and in Temporal."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0] is not None:
            record.msg = f"{record.name}: {record.exc_info[0].__name__}"
            record.args = ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def configure_logs(level: str, file: Path | None = None) -> None:
    """Set up logging of this process; with ``file``, everything goes there."""
    stream: TextIO = file.open("a", encoding="utf-8") if file else sys.stderr
    handler = logging.StreamHandler(stream)
    handler.addFilter(_IdsOnly())
    handler.setFormatter(
        logging.Formatter('{"at":"%(asctime)s","level":"%(levelname)s","from":"%(name)s"} %(message)s')
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Temporal's own lines about failed steps carry the sentence for a person, and with it the value at fault.
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
