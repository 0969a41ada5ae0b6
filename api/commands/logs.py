"""What the process logs, on standard error: as text for people, or one JSON object a line.

A line of JSON has `time` (RFC 3339, UTC, milliseconds), `level`, `logger`, `message` and `thread`,
with `exception` and `stack` where there are such, and whatever was given as `extra`. Passwords and
tokens are masked in both forms, wherever they stand: in an address, a header or an extra field.
"""

import logging
import math
import os
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO, get_args

from pythonjsonlogger.core import LogData, merge_record_extra
from pythonjsonlogger.json import JsonFormatter

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
DEFAULT_FORMAT: LogFormat = "text"
DEFAULT_LEVEL: LogLevel = "warning"
_FORMAT_VARIABLE = "AGRIPARK_LOG_FORMAT"
_LEVEL_VARIABLE = "AGRIPARK_LOG_LEVEL"

_TEXT = "%(levelname)s %(name)s: %(message)s"
_OURS = "agripark"
_MASK = "***"
_SECRET_NAME = re.compile(r"passw|secret|token|authorization|api_?key", re.IGNORECASE)
_SECRETS = (
    # The greedy middle reaches the last @ of the authority: a password may hold one.
    (re.compile(r"(://[^\s/:@]*:)[^\s/]*@"), rf"\1{_MASK}@"),
    (re.compile(r"([?&](?:p|password|token)=)[^&\s'\"]+"), rf"\1{_MASK}"),
    (re.compile(r"\b((?:Token|Bearer|Basic) )[\w.~+/=-]{16,}"), rf"\1{_MASK}"),
)


def configure(log_format: LogFormat = DEFAULT_FORMAT, level: LogLevel = DEFAULT_LEVEL) -> None:
    """Send every logger's records to standard error in this form; may be called again.

    As with `logging.basicConfig`, text leaves the handlers alone that somebody else has set up.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _StandardError)]:
        root.removeHandler(handler)
    if log_format == "text" and root.handlers:
        return
    root.addHandler(_StandardError(_JsonLines() if log_format == "json" else _Text(_TEXT)))
    root.setLevel(level.upper())
    logging.captureWarnings(log_format == "json")
    if log_format == "json":
        sys.excepthook = _log_uncaught
        threading.excepthook = _log_uncaught_in_thread


def configure_early(environment: Mapping[str, str] = os.environ) -> None:
    """The same from the environment alone, for what happens before the settings are read.

    A value that is none is left for the settings to complain about.
    """
    log_format, level = environment.get(_FORMAT_VARIABLE), environment.get(_LEVEL_VARIABLE)
    configure(
        "json" if log_format == "json" else DEFAULT_FORMAT,
        next((known for known in get_args(LogLevel) if known == level), DEFAULT_LEVEL),
    )


def as_line(words: str) -> str:
    """What a command says to its user, in the form of the log; in text it stays as it is."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _JsonLines):
            return handler.format(_record(logging.INFO, words))
    return words


def masked(text: str) -> str:
    """The text without passwords and tokens."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at that moment."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _JsonLines(JsonFormatter):
    def add_fields(
        self, log_data: LogData, record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """The fields of every line first; an extra field never hides one of them."""
        log_data.update(
            time=_rfc3339(record.created),
            level=record.levelname.lower(),
            logger=record.name,
            message=record.getMessage(),
            thread=record.threadName,
        )
        extra = dict(message_dict)
        for name, key in (("exc_info", "exception"), ("stack_info", "stack")):
            if text := extra.pop(name, None):
                log_data[key] = text
        merge_record_extra(record, extra, reserved=self._skip_fields)
        for name, value in extra.items():
            log_data[f"{name}_" if name in log_data else name] = value

    def process_log_record(self, log_data: LogData) -> LogData:
        return {name: _presentable(name, value) for name, value in log_data.items()}


def _presentable(name: str, value: Any) -> Any:
    """The value without secrets, and as something that JSON has."""
    if _SECRET_NAME.search(name):
        return _MASK
    if isinstance(value, Mapping):
        return {str(key): _presentable(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_presentable("", inner) for inner in value]
    if value is None or isinstance(value, int) or _is_finite(value):
        return value
    return masked(str(value))


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _rfc3339(epoch_s: float) -> str:
    instant = datetime.fromtimestamp(epoch_s, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _record(level: int, words: str) -> logging.LogRecord:
    return logging.LogRecord(_OURS, level, "", 0, words, None, None)


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(_OURS).critical("ended by an error", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(hook: threading.ExceptHookArgs) -> None:
    if hook.exc_value is None or issubclass(hook.exc_type, SystemExit):
        return
    logging.getLogger(_OURS).critical(
        "a thread ended by an error",
        exc_info=(hook.exc_type, hook.exc_value, hook.exc_traceback),
        extra={"ended": hook.thread.name if hook.thread else None},
    )
