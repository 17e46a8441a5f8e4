"""The AsyncAPI 3 document of the socket: `docs/generated/asyncapi.json`."""

from typing import Any, Final, get_args

from msgspec.json import schema_components
from tools.documents.names import RAW, UNIONS, doc_of, name_of, reached

from chinwag import __version__
from chinwag.roles.port.handshake import SOCKET_PATH
from chinwag.wire import frames

_SCHEMAS: Final = "#/components/schemas/"
_ABOUT: Final = (
    "Chinwag's protocol on a WebSocket: JSON text frames, tagged by `type`. The first frame of a client is `hello`. "
    "Unknown fields are to be ignored, unknown kinds of events, bodies and signals to be kept and shown as not "
    "supported: version 1 grows by such."
)


def document() -> dict[str, Any]:
    """The document, as it goes out as JSON."""
    client, server = get_args(frames.ClientFrame), get_args(frames.ServerFrame)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Chinwag",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:8420",
                "protocol": "ws",
                "description": "A server as it starts on one machine; with TLS the protocol is wss.",
            }
        },
        "channels": {
            "socket": {
                "address": SOCKET_PATH,
                "title": "A device's session",
                "messages": {
                    name_of(one): {"$ref": f"#/components/messages/{name_of(one)}"} for one in client + server
                },
            }
        },
        "operations": {
            "fromClient": _operation("receive", "What a client may say.", client),
            "toClient": _operation("send", "What the server says.", server),
        },
        "components": {
            "messages": {name_of(one): _message(one) for one in client + server},
            "schemas": _schemas(),
        },
    }


def _operation(action: str, summary: str, frame_types: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/socket/messages/{name_of(one)}"} for one in frame_types],
    }


def _message(frame: Any) -> dict[str, Any]:
    tag = frame.__struct_config__.tag
    return {"name": tag, "title": tag, "summary": doc_of(frame), "payload": {"$ref": _SCHEMAS + name_of(frame)}}


def _schemas() -> dict[str, Any]:
    found = list(reached(UNIONS.values()))
    unions, definitions = schema_components(UNIONS.values(), ref_template=_SCHEMAS + "{name}")
    given = {
        cls: one
        for cls in found
        for one in (cls.__name__, f"{cls.__module__}.{cls.__qualname__}")
        if one in definitions
    }
    named = {name_of(cls): definitions[given[cls]] | {"title": name_of(cls)} for cls in found}
    named |= dict(zip(UNIONS, unions, strict=True))
    renames = {_SCHEMAS + given[cls]: _SCHEMAS + name_of(cls) for cls in found}
    settled = {name: _settled(named[name], renames) for name in sorted(named)}
    for (cls, field), union in RAW.items():
        if cls in given:
            settled[name_of(cls)]["properties"][field] = {"$ref": _SCHEMAS + union}
    return settled


def _settled(part: Any, renames: dict[str, str]) -> Any:
    """`part` with our names, and discriminators as AsyncAPI writes them: the name of the property."""
    if isinstance(part, list):
        return [_settled(one, renames) for one in part]
    if not isinstance(part, dict):
        return part
    settled = {key: _settled(value, renames) for key, value in part.items()}
    if isinstance(discriminator := settled.get("discriminator"), dict):
        settled["discriminator"] = discriminator["propertyName"]
        settled["oneOf"] = settled.pop("anyOf")
    if isinstance(reference := settled.get("$ref"), str):
        settled["$ref"] = renames.get(reference, reference)
    return settled
