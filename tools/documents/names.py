"""One name for each struct of the wire, the same in every document, and the unions that have a name."""

from collections.abc import Iterable, Iterator
from enum import EnumType
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect

from chinwag import wire
from chinwag.domain import account_change, body, command, events, signals, views
from chinwag.wire import conversations, errors, frames, http, media

UNIONS: Final[dict[str, Any]] = {
    "ClientFrame": frames.ClientFrame,
    "ServerFrame": frames.ServerFrame,
    "Event": events.Event,
    "NumberedEvent": events.NumberedEvent,
    "NoticeChange": events.Change,
    "AccountChange": account_change.AccountChange,
    "GroupAction": command.GroupAction,
    "Body": body.Body,
    "SentBody": body.SentBody,
    "Signal": signals.Signal,
}
UNION_NAMES: Final = {frozenset(get_args(union)): name for name, union in UNIONS.items()}

# Parts that are JSON already when they are put into a frame or page: what they hold.
RAW: Final = {
    (frames.Event, "event"): "Event",
    (frames.Feed, "event"): "NumberedEvent",
    (views.EventPage, "events"): "NumberedEvent",
    (views.EventPage, "quoted"): "NumberedEvent",
    (views.Pins, "messages"): "NumberedEvent",
    (views.Hit, "message"): "MessageEvent",
    (conversations.OneEvent, "event"): "NumberedEvent",
    (media.MediaPage, "events"): "NumberedEvent",
    (views.ConversationView, "last"): "NumberedEvent",
    (views.ConversationView, "events"): "NumberedEvent",
}
NULLABLE: Final = frozenset({(views.ConversationView, "last")})
"""Those of them that may be null instead."""

NOT_OF_HTTP: Final = frozenset({"codec", "control", "errors", "faulty", "frames", "values"})
"""Modules of the wire that say nothing of requests and answers: any other is taken."""

_SUFFIXES: Final = (
    (frames.ClientFrame | frames.ServerFrame, "Frame"),
    (events.Event, "Event"),
    (signals.Signal, "Signal"),
    (body.Body, "Body"),
)

Struct = type[msgspec.Struct]


def name_of(cls: Any) -> str:
    """The name of a struct or enum in every document."""
    name: str = cls.__name__
    for union, suffix in _SUFFIXES:
        if cls in get_args(union):
            return name.removesuffix(suffix) + suffix
    return name


def http_structs() -> list[Struct]:
    """The structs of requests and answers over HTTP, as they stand in the code."""
    found: dict[Struct, None] = {}
    names = sorted(one.name for one in iter_modules(wire.__path__) if one.name not in NOT_OF_HTTP)
    for module in (http, *(import_module(f"{wire.__name__}.{name}") for name in names)):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, msgspec.Struct) and value is not http.Secretive:
                found[value] = None
    return [*found, errors.Problem]


def from_clients() -> list[Any]:
    """What clients write: for them, a field that has a default may be left out."""
    written = [one for one in http_structs() if one.__name__.endswith("Request") or one.__name__.startswith("Post")]
    return [frames.ClientFrame, *written, conversations.CreateGroup]


def reached(roots: Iterable[Any]) -> dict[Any, inspect.Type]:
    """All structs and enums that `roots` (types) consist of, themselves included, in the order of meeting them."""
    found: dict[Any, inspect.Type] = {}
    for root in roots:
        _walk(inspect.type_info(root), found)
    return found


def _walk(one: inspect.Type, found: dict[Any, inspect.Type]) -> None:
    if isinstance(one, inspect.StructType):
        if one.cls in found:
            return
        if one.array_like:
            raise ValueError(f"{one.cls.__name__} is an array on the wire: no document can say so")
        found[one.cls] = one
    if isinstance(one, inspect.EnumType):
        found.setdefault(one.cls, one)
    for part in _parts(one):
        _walk(part, found)


def _parts(one: inspect.Type) -> Iterator[inspect.Type]:
    match one:
        case inspect.StructType():
            yield from (field.type for field in one.fields)
        case inspect.UnionType():
            yield from one.types
        case inspect.DictType():
            yield from (one.key_type, one.value_type)
        case inspect.ListType() | inspect.VarTupleType():
            yield one.item_type


def doc_of(cls: Any) -> str:
    """What the docstring says, as one line; empty for one that has none of its own."""
    if isinstance(cls, EnumType) and cls.__doc__ is None:
        return ""
    return " ".join((cls.__doc__ or "").split())
