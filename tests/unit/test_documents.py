"""The protocol's documents: generated, fresh, valid, and true of what goes over the wire."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator  # type: ignore[import-untyped]

from chinwag.domain import account_change, command, conversation, events, signals
from chinwag.domain.body import Text
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.wire import codec, frames

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "docs" / "generated"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

ANNA, BEN, GROUP = AccountId("1"), AccountId("2"), ConversationId("g~3")
PLACE: dict[str, Any] = {
    "conversation": GROUP,
    "ordinal": 1,
    "sender": ANNA,
    "device": DeviceId("4"),
    "id": ClientId("a"),
    "sent_at": 5,
}

FROM_CLIENTS: list[frames.ClientFrame] = [
    frames.Hello(token="t", cursor="1.2"),
    frames.Send(ClientId("a"), Text("hi", (BEN,)), to=BEN, after=ClientId("b")),
    frames.Send(ClientId("a"), Text("hi"), GROUP, reply_to=1),
    frames.Change(ClientId("a"), GROUP, command.SetRole(BEN, conversation.Role.ADMIN)),
    frames.Change(ClientId("a"), GROUP, command.Leave()),
    frames.Received(1),
    frames.Read(GROUP, 1),
    frames.Typing(GROUP),
    frames.Ping(),
]
EVENTS: list[events.Event] = [
    events.Message(**PLACE, number=1, body=Text("hi")),
    events.Message(**PLACE, number=2, body=Text("hi"), reply_to=1),
    events.Notice(**PLACE, number=3, change=events.Left(ANNA, BEN)),
    events.Notice(
        **PLACE,
        number=1,
        change=events.Created("t", {ANNA: conversation.Role.OWNER}, conversation.GroupSettings(join="open")),
    ),
    events.Read(conversation=GROUP, account=BEN, number=1, at=1),
    events.Delivered(conversation=GROUP, account=BEN, number=1, at=1),
    events.AccountEvent(change=account_change.DeviceRevoked(ANNA, DeviceId("4"), 1, 2)),
]
FROM_SERVER: list[bytes] = [
    codec.encode(
        frames.Welcome(
            session="s",
            account=ANNA,
            device=DeviceId("4"),
            epoch=1,
            position=2,
            heartbeat=5.0,
            limits=frames.Limits(1, 2, 3),
        )
    ),
    codec.encode(frames.Ack(ClientId("a"), GROUP, 1, 2)),
    codec.encode(frames.Reset("old", 1, 2)),
    codec.encode(frames.Bye("drain", 1.5, elsewhere=True)),
    codec.PONG,
    codec.error_frame(
        Refused(Code.RATE_LIMITED, retry_after=0.5), codec.About("send", ClientId("a"), ConversationId("g~1"))
    ),
    codec.error_frame(Refused(Code.BAD_REQUEST), codec.About("received", position=7)),
    codec.signal_frame(codec.encode(signals.Presence(ANNA, online=True, last_active_at=1))),
    *(codec.event_frame(1, codec.encode(event)) for event in EVENTS),
]


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    return _load("asyncapi.json")


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return _load("openapi.json")


def test_no_document_is_stale() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "tools.documents", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", ["asyncapi.json", "openapi.json"])
def test_every_reference_leads_somewhere(name: str) -> None:
    document = _load(name)
    for reference in _references(document):
        part: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in part, reference
            part = part[step]


def test_every_schema_is_one(asyncapi: dict[str, Any], openapi: dict[str, Any]) -> None:
    for schema in asyncapi["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
    for schema in openapi["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("frame", FROM_CLIENTS, ids=lambda frame: type(frame).__name__)
def test_what_clients_say_is_described(asyncapi: dict[str, Any], frame: frames.ClientFrame) -> None:
    _validator(asyncapi, "ClientFrame").validate(json.loads(codec.encode(frame)))


@pytest.mark.parametrize("payload", FROM_SERVER, ids=lambda payload: payload[:40].decode())
def test_what_the_server_says_is_described(asyncapi: dict[str, Any], payload: bytes) -> None:
    _validator(asyncapi, "ServerFrame").validate(json.loads(payload))


def test_what_is_not_said_is_not_described(asyncapi: dict[str, Any]) -> None:
    validator = _validator(asyncapi, "ServerFrame")
    assert not validator.is_valid({"type": "event", "position": 1, "event": {"kind": "message"}})
    assert not validator.is_valid({"type": "ack"})
    assert not validator.is_valid({"type": "hello"})


def test_every_operation_has_a_name_of_its_own_and_says_how_it_fails(openapi: dict[str, Any]) -> None:
    operations = [one for path in openapi["paths"].values() for one in path.values() if "operationId" in one]
    assert len({one["operationId"] for one in operations}) == len(operations)
    for one in operations:
        assert one["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert {one["operationId"] for one in operations if one.get("security") == []} == {
        "signUp",
        "logIn",
        "refreshSession",
        "beginOpenId",
        "getServer",
        "logOutByOpenId",
        "openMediaLink",
        "uploadOptions",
        "returnFromOpenId",
    }


def test_typescript_has_every_struct_of_the_other_documents(asyncapi: dict[str, Any], openapi: dict[str, Any]) -> None:
    module = (GENERATED / "chinwag.ts").read_text(encoding="utf-8")
    for name in asyncapi["components"]["schemas"]:
        assert f"export interface {name} {{" in module or f"export type {name} =" in module, name
    bodies = [one for path in openapi["paths"].values() for each in path.values() for one in _references(each)]
    for name in {reference.rpartition("/")[2] for reference in bodies}:
        if "_" not in name:  # a generic struct, named after its modules
            assert f"export interface {name} {{" in module or name == "Problem", name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for page in folder.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, page.name


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def _load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GENERATED / name).read_text(encoding="utf-8"))
    return document


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _validator(asyncapi: dict[str, Any], name: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/components/schemas/{name}", "components": asyncapi["components"]})
