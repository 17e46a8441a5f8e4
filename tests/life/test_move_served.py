"""What was moved goes on as if nothing had happened: the same passwords, tokens, send keys, numbers and cursors."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prove.process import ServerProcess
from tests.life.moving import SECRET, STARTS, prepared, started, target, unpacked

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.embedded.log import EmbeddedLog
from chinwag.adapters.postgres import PostgresStores, open_stores
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.sealed_keys import FollowedKeys, SealedKeyStore
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Send, asked
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, Snowflake
from chinwag.flow.access.collaborators import AccountRules, open_accounts
from chinwag.flow.access.log_in import log_in
from chinwag.flow.access.refresh import refresh
from chinwag.flow.clock import system_clock
from chinwag.flow.deliver import Deliver
from chinwag.life.backup import Telling
from chinwag.life.move.move import move
from chinwag.ports.bus import Answer, Answers, NodeId, Publication, answers_to
from chinwag.ports.log import Submission, partition_of

KEPT = sorted(path.parent for path in (Path(__file__).parents[1] / "kept").glob("*/expected.json"))[-1]
NODE = NodeId("test.1")
LAST = "the last before the move"


class Moved:
    """The installation, and what its people know of it."""

    def __init__(self, url: str, expected: dict[str, Any], anna: dict[str, Any], number: int, cursor: str) -> None:
        self.url = url
        self.expected = expected
        self.anna = anna
        """What her device was given at its last refresh."""
        self.number = number
        """Of the message `LAST`."""
        self.epoch, self.position = map(int, cursor.split("."))
        """Where Anna's inbox ended."""
        self.group = ConversationId(expected["group"])


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A kept folder that has been started 1,999 times."""
    folder = unpacked(KEPT, tmp_path)
    started(folder, STARTS - 1)
    return folder


@pytest.fixture
async def moved(data: Path, postgres_url: str) -> Moved:
    """Anna says something in the folder's 2,000th life, and then it is moved."""
    expected = json.loads((KEPT / "expected.json").read_text())
    process = ServerProcess(data)
    await process.start()
    try:
        async with httpx2.AsyncClient(base_url=process.url, timeout=30) as http:
            token = {"refresh_token": expected["people"][0]["refresh_token"], "attempt": "before the move"}
            anna = (await http.post("/v1/sessions/refresh", json=token)).json()
            assert "access_token" in anna, anna
            authorised = {"Authorization": f"Bearer {anna['access_token']}", "Idempotency-Key": "last"}
            said = {"body": {"type": "text", "text": LAST}}
            path = f"/v1/conversations/{expected['group']}/messages"
            number = (await http.post(path, json=said, headers=authorised)).json()["number"]
            cursor = (await http.get("/v1/cursor", headers=authorised)).json()["cursor"]
        assert await process.stop() == 0
    finally:
        process.end()
    await prepared(postgres_url)
    await move(data, target(postgres_url), Telling())
    return Moved(postgres_url, expected, anna, number, cursor)


async def test_passwords_tokens_and_devices_are_good(moved: Moved) -> None:
    directory = await open_postgres_directory(moved.url)
    keys = FollowedKeys(SealedKeyStore(moved.url, SECRET))
    accounts = open_accounts(directory, EmbeddedBus(), Snowflake(7), system_clock, keys, AccountRules())
    try:
        for person in moved.expected["people"]:
            entered = await log_in(accounts, person["account"]["name"].upper(), moved.expected["password"])
            assert entered.account.id == person["account"]["id"]
        anna, *others = moved.expected["people"]
        renewed = await refresh(accounts, moved.anna["refresh_token"], "after")
        assert (renewed.account.id, renewed.device) == (anna["account"]["id"], anna["device"])
        for person in others:
            renewed = await refresh(accounts, person["refresh_token"], "after")
            assert renewed.device == person["device"]
        # Signed before the move, and good after it.
        claims = accounts.tokens.verify(moved.anna["access_token"])
        assert (claims.account, claims.device) == (anna["account"]["id"], anna["device"])
    finally:
        accounts.passwords.close()
        await directory.close()


async def _answer(stores: PostgresStores, epoch: int, submission: Submission) -> Answer:
    """What a worker on a log that has just begun answers."""
    number = partition_of(submission.command.conversation, stores.partitions.count)
    log, bus = EmbeddedLog(epoch, stores.partitions.count), EmbeddedBus()
    came: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def take(publication: Publication) -> None:
        assert isinstance(publication, Answers)
        came.set_result(publication.answers[0])

    bus.subscribe(answers_to(NODE), take)
    working = asyncio.create_task(Deliver(number, log, stores.message_store, bus).run())
    log.append(submission)
    async with asyncio.timeout(20):
        answer = await came
    await log.close()
    await working
    return answer


async def test_a_send_that_comes_again_has_its_number_and_the_next_one_follows(moved: Moved) -> None:
    anna = moved.expected["people"][0]

    def sent(key: str, text: str, ref: int) -> Submission:
        action = Send(Text(text))
        who = (AccountId(anna["account"]["id"]), DeviceId(anna["device"]))
        command = Command(moved.group, *who, ClientId(key), system_clock(), action, digest=asked(action))
        return Submission(command, NODE, ref)

    stores = await open_stores(moved.url)
    try:
        partition = partition_of(moved.group, stores.partitions.count)
        assert await stores.partitions.claim(partition) == 1, "the log begins at epoch 1"
        again = await _answer(stores, 1, sent("last", LAST, 1))
        assert (again.number, again.refused) == (moved.number, None)
        assert await stores.partitions.claim(partition) == 2
        new = await _answer(stores, 2, sent("first", "the first after the move", 2))
        assert (new.number, new.refused) == (moved.number + 1, None)
        account = AccountId(anna["account"]["id"])
        bounds = await stores.inbox.bounds(account)
        assert bounds.epoch == moved.epoch, "cursors are good"
        (entry,) = (await stores.inbox.read(account, moved.position, 100)).entries
        assert (entry.conversation, entry.first, entry.count) == (moved.group, moved.number + 1, 1)  # type: ignore[union-attr]
    finally:
        await stores.close()
