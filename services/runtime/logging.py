"""Logs: one JSON object a line on standard error, without personal data.

In: structlog events of ours, records of libraries' loggers. Promise: a person appears as `pseudonym` only; of an exception its kinds and places
are told, not its text; what cannot be seen is escaped, for a terminal may show the log; libraries speak from warnings on, and each of their complaints once
a minute. Not here: what is worth a line.
"""

import json
import logging
import secrets
import sys
import time
import traceback
from hashlib import blake2b
from pathlib import Path
from ssl import SSLError
from typing import Any, TextIO

import structlog
from aiokafka.errors import KafkaError

from schemas.foreign import visible
from services.runtime.settings import Settings

QUIET_S = 60.0
"""How long a library's complaint is not repeated."""

_LOUD_ABOVE = {
    "": logging.WARNING,
    # That a server cannot be reached is told once by whoever asked it, not at every try.
    "aiokafka": logging.CRITICAL,
    "aiokafka.consumer": logging.ERROR,
    "aiokafka.producer": logging.ERROR,
    # That topics are not made automatically.
    "medaid.faststream": logging.ERROR,
}


class _Pseudonyms:
    """The key of the pseudonyms. Without a configured one each process has its own, so that nobody can link two logs."""

    key = secrets.token_bytes(32)


def pseudonym(person_id: str) -> str:
    """A name for a person in logs and metrics: the same within a process, or wherever MEDAID_PSEUDONYM_KEY is the same."""
    return blake2b(person_id.encode(), key=_Pseudonyms.key, digest_size=8).hexdigest()


class _Patience(logging.Filter):
    """Lets a library's complaint pass once in `QUIET_S`, told apart by its template: a broker that is away must not fill the disk."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether `record` is to be told."""
        if record.name == "asyncio" and record.exc_info and isinstance(record.exc_info[1], KafkaError | SSLError):
            return False  # aiokafka leaves futures of a failed client unasked; whoever used it has told the failure
        complaint, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._told.get(complaint, -QUIET_S) < QUIET_S:
            return False
        self._told[complaint] = now
        return True


def _frames_alone(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Tell an exception by its kinds and places."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = places_of(error)
    return event


def places_of(error: BaseException) -> list[str]:
    """An exception and what caused it by kind and place, never by its text, which may quote the record at fault, as pydantic's does."""
    told: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        places = (f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        told.append(" < ".join([type(cause).__name__, *places]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return told


def _json(event: object, **more: Any) -> str:
    """Chinese as it is read, everything unseen as an escape of JSON's."""
    return visible(json.dumps(event, ensure_ascii=False, **more))


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Set up logging for this process: our lines from the configured level on, libraries' from warnings on, all to `stream` (standard error)."""
    if settings.pseudonym_key:
        _Pseudonyms.key = settings.pseudonym_key.encode()[: blake2b.MAX_KEY_SIZE]
    target = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _frames_alone,
    ]
    line = structlog.processors.JSONRenderer(serializer=_json)
    structlog.configure(
        processors=[*shared, line],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.addFilter(_Patience())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, line],
        )
    )
    logging.root.handlers = [handler]
    for name, level in _LOUD_ABOVE.items():
        logging.getLogger(name).setLevel(level)
