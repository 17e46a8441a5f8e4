"""Logs: structured lines with ids, and never a message text, a password or a token.

Use: `log = structlog.get_logger(__name__)`, bind ids (`log.bind(account=…, device=…)`), and give everything that
varies as a named value, not in the event's own words. Lines of other libraries go through the same guards.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Final, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from chinwag.config import Log

REDACTED: Final = "[redacted]"
TEXT_BOUND: Final = 2_000
"""Characters kept of one value."""
DEPTH_BOUND: Final = 4
ITEMS_BOUND: Final = 50
EXCEPTIONS_BOUND: Final = 10
FRAMES_BOUND: Final = 30

_SECRET_WORDS: Final = frozenset(
    {"auth", "authorization", "bearer", "cookie", "credential", "credentials", "invitation", "jwt", "passphrase"}
    | {"passwd", "password", "passwords", "private", "secret", "secrets", "signature", "ticket", "tickets"}
    | {"token", "tokens"}
    | {"bodies", "body", "frame", "payload", "query", "text", "texts", "title"}
)
_COUNTS: Final = ("_bytes", "_characters", "_count", "_days", "_id", "_minutes", "_ms", "_seconds")
"""Endings that make a key a figure or an id: `text_characters` holds no text."""

# C0, DEL and C1 can drive a terminal; line and paragraph separators fake new lines; direction marks turn what is
# read around; half surrogates cannot be written as UTF-8.
_ESCAPES: Final = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for codes in (
        range(0x20),
        range(0x7F, 0xA0),
        (0x61C, 0x200E, 0x200F, 0xFEFF),
        range(0x2028, 0x202F),
        range(0x2066, 0x206A),
        range(0xD800, 0xE000),
    )
    for code in codes
} | {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}

_GIVEN: Final = re.compile(r"[\n(<]")
_OPEN_ERRORS: Final = (OSError, ImportError, AttributeError, NameError, TypeError)
"""Their messages speak of files, names and types. Those of others may quote input, statements or rows."""
_OPEN_PACKAGES: Final = ("chinwag", "sqlite3")


def configure(log: Log, stream: TextIO | None = None) -> None:
    """Send this process's logs, those of all libraries too, to `stream` (standard error), as `log` says.

    Calling it again replaces what was set before.
    """
    stream = stream or sys.stderr
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # The guards stand last before the renderer, so that no line, ours or a library's, comes around them.
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            tell_exception,
            guard,
            _renderer(log, stream),
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries tell frames, statements and parameters at debug and info: warnings only, whatever our level is.
    root.setLevel(max(logging.WARNING, _level(log)))
    logging.getLogger("chinwag").setLevel(_level(log))
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if name.partition(".")[0] != "chinwag":
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.NOTSET)
    logging.captureWarnings(True)


def guard(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Redact values by the name of their key, and make every other value short and harmless to read."""
    exception = event.pop("exception", None)
    if event.get("logger") == "asyncio":
        # asyncio names tasks and callbacks with what was given to them; the places stand in the exception anyway
        event["event"] = _GIVEN.split(str(event["event"]), maxsplit=1)[0].rstrip()
    guarded: EventDict = {escape(str(key)): _guarded(str(key), value, 0) for key, value in event.items()}
    if exception is not None:
        guarded["exception"] = exception  # its parts were escaped when it was told; its line breaks are ours
    return guarded


def escape(text: str) -> str:
    """`text` with control characters, separators, direction marks and half surrogates written as escapes."""
    if len(text) > TEXT_BOUND:
        text = f"{text[:TEXT_BOUND]}… ({len(text)} characters)"
    return text.translate(_ESCAPES)


def is_secret(key: str) -> bool:
    """Whether a key's name says that its value must not be written."""
    name = key.lower().replace("-", "_")
    return not name.endswith(_COUNTS) and not _SECRET_WORDS.isdisjoint([name, *name.split("_")])


def _guarded(key: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if is_secret(key):
        return REDACTED
    if isinstance(value, str):
        return escape(str(value))
    if isinstance(value, PurePath):
        return escape(str(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, BaseException):
        return _message(value)
    if isinstance(value, Mapping) and depth < DEPTH_BOUND:
        pairs = list(value.items())[:ITEMS_BOUND]
        return {escape(str(name)): _guarded(str(name), inner, depth + 1) for name, inner in pairs}
    if isinstance(value, Sequence | set | frozenset) and depth < DEPTH_BOUND:
        return [_guarded(key, inner, depth + 1) for inner in list(value)[:ITEMS_BOUND]]
    return f"<{type(value).__name__}>"  # a struct's own words could hold a text


def tell_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the places and types of the chain; messages only where they cannot quote input."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if isinstance(given, tuple):
        given = given[1]
    elif given and not isinstance(given, BaseException):
        given = sys.exc_info()[1]
    if isinstance(given, BaseException):
        event["exception"] = "\n".join(_told(given))
    return event


def _told(error: BaseException) -> list[str]:
    """The chain of `error`, the cause first as Python tells it."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain and len(chain) < EXCEPTIONS_BOUND:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    lines: list[str] = []
    for link in reversed(chain):
        lines.append(_message(link))
        lines += [place.rstrip("\n") for place in traceback.format_tb(link.__traceback__)[-FRAMES_BOUND:]]
        if isinstance(link, BaseExceptionGroup):
            for inner in link.exceptions[:EXCEPTIONS_BOUND]:
                lines += ["  | " + line for line in _message(inner).splitlines()]
                lines += ["  | " + place.rstrip("\n") for place in traceback.format_tb(inner.__traceback__)[-5:]]
    return lines


def _message(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    # RocksDB's own errors are plain `Exception`, and so name that class exactly
    if isinstance(error, _OPEN_ERRORS) or kind is Exception or kind.__module__.partition(".")[0] in _OPEN_PACKAGES:
        return f"{name}: {escape(str(error))}"
    return f"{name} (message withheld)"


def _level(log: Log) -> int:
    return logging.getLevelNamesMapping()[log.level.upper()]


def _renderer(log: Log, stream: TextIO) -> Processor:
    if log.format == "json":
        return structlog.processors.JSONRenderer(serializer=lambda event, **_: msgspec.json.encode(event).decode())
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0, sort_keys=False)
