"""`status`, `config`, `export` and `demo`, as an operator runs them."""

import asyncio
import json
import os
import signal
import sys
import tomllib
from pathlib import Path
from typing import Any

from prove.process import ServerProcess
from tests.life.commands import chinwag
from tests.life.load import Writer
from tests.support.people import PASSWORD, Crowd, begin_group

from chinwag.client import Client
from chinwag.wire.frames import Change, Send
from chinwag.wire.values import ClientId, Message, Remove, Text


async def test_status_of_a_running_server_and_of_none(crowd: Crowd, tmp_path: Path) -> None:
    ann, bob = await crowd.people("ann", "bob")
    await Writer(ann, await begin_group(ann, bob)).once()
    ran = await chinwag("status", "--json", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 0, ran.said
    told = json.loads(ran.out)
    assert (told["pid"], told["url"], told["observe_url"]) == (
        crowd.process.pid,
        crowd.process.url,
        crowd.process.observe,
    )
    assert told["sessions"] == 2
    assert told["placed"] == 2
    assert told["ready"]
    assert told["stores_bytes"] > 0
    ran = await chinwag("status", "--data-path", crowd.process.data, folder=tmp_path)
    assert "2 of" in ran.out
    assert (crowd.process.data / "control.sock").stat().st_mode & 0o777 == 0o600
    ran = await chinwag("status", "--data-path", tmp_path / "nothing", folder=tmp_path)
    assert ran.code == 1
    assert "no server runs on" in ran.err


async def test_a_data_folder_with_a_long_path_has_a_control_socket_too(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 20) / ("path" * 20)
    deep.mkdir(parents=True)
    server = ServerProcess(deep / "data")
    try:
        await server.start()
        ran = await chinwag("status", "--data-path", server.data, folder=tmp_path)
        assert ran.code == 0, ran.said
    finally:
        server.end()


async def test_a_server_that_was_killed_leaves_a_socket_that_is_no_obstacle(
    process: ServerProcess, tmp_path: Path
) -> None:
    await process.start()
    await process.kill()
    ran = await chinwag("status", "--data-path", process.data, folder=tmp_path)
    assert "no server runs on" in ran.err
    await process.start()
    assert (await chinwag("status", "--data-path", process.data, folder=tmp_path)).code == 0


async def test_config_says_where_each_value_came_from_and_is_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "chinwag.toml").write_text('[server]\nport = 9000\nlocation = "a \\"b\\" \\\\ ü"\n')
    flags = ("--limits-group-members", "7", "--server-trusted-proxies", "10.0.0.0/8,::1")
    ran = await chinwag("config", *flags, folder=tmp_path, CHINWAG_DATA="here")
    assert ran.code == 0, ran.said
    lines = ran.out.splitlines()
    assert any(line.startswith("port = 9000  # ") and "chinwag.toml" in line for line in lines)
    assert "group_members = 7  # --limits-group-members" in lines
    assert 'path = "here"  # CHINWAG_DATA' in lines
    assert "# heartbeat_seconds = 5  # default" in lines
    (tmp_path / "chinwag.toml").write_text(ran.out)
    again = await chinwag("config", "--changed", folder=tmp_path)
    # A path in a file is meant from the file's folder.
    set_there = {section: values for section, values in tomllib.loads(ran.out).items() if values}
    assert tomllib.loads(again.out) == set_there | {"data": {"path": str(tmp_path / "here")}}


async def test_export_of_an_account_holds_what_it_may_read_and_nothing_else(crowd: Crowd, tmp_path: Path) -> None:
    ann, bob, cem = await crowd.people("ann", "bob", "cem")
    group, other = await begin_group(ann, bob, cem), await begin_group(ann, cem)
    await ann.ask(Send(ClientId("1"), Text("日本語 and\na line break \x01"), group))
    await ann.ask(Send(ClientId("2"), Text("not for bob"), other))
    await ann.ask(Change(ClientId("3"), group, Remove(bob.account)))
    await ann.ask(Send(ClientId("4"), Text("after bob"), group))
    await ann.place.request("PUT", f"/v1/friends/{bob.account}", token=ann.token)
    blocked = await bob.place.request("PUT", f"/v1/blocks/{cem.account}", token=bob.token)
    assert blocked.is_success, blocked.text

    file = tmp_path / "bob.jsonl"
    flags = ("--id", bob.account, "--output", file, "--data-path", crowd.process.data)
    ran = await chinwag("export", *flags, folder=tmp_path)
    assert ran.code == 0, ran.said
    assert file.stat().st_mode & 0o077 == 0
    lines = read(file.read_text())
    assert (lines[0]["type"], lines[0]["format"], lines[0]["account"]) == ("export", 1, bob.account)
    assert lines[-1] == {"type": "end", "lines": len(lines) - 1}
    texts = [line["event"]["body"]["text"] for line in of(lines, "event") if line["event"]["kind"] == "message"]
    assert texts == ["日本語 and\na line break \x01"]
    assert [line["id"] for line in of(lines, "conversation")] == [group]
    assert {line["id"] for line in of(lines, "account")} == {ann.account, bob.account, cem.account}, "and who is named"
    assert [(line["account"], line["blocked"]) for line in of(lines, "block")] == [(bob.account, cem.account)]
    assert [(line["friend"], line["state"]) for line in of(lines, "friend")] == [(ann.account, "requested")]
    assert [line["id"] for line in of(lines, "device")] == [bob.id]
    assert PASSWORD not in file.read_text()
    assert "argon2" not in file.read_text()

    ran = await chinwag("export", "--data-path", crowd.process.data, folder=tmp_path)
    everything = read(ran.out)
    assert {line["id"] for line in of(everything, "conversation")} == {group, other}
    numbers = [(line["event"]["conversation"], line["event"]["number"]) for line in of(everything, "event")]
    assert len(numbers) == len(set(numbers)) == 6
    assert len(of(everything, "friend")) == 1
    ran = await chinwag("export", "nobody", "--data-path", crowd.process.data, folder=tmp_path)
    assert ran.code == 1
    assert not list(crowd.process.data.glob(".*")), "the checkpoint is gone"


async def test_demo_is_alive_and_can_be_joined_and_goes_without_a_trace(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "chinwag.cli", "demo", "--server-port", "0", "--observe-port", "0"),
        stdout=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            said = ""
            while b"--server " not in (line := await process.stdout.readline()):
                assert line, "the demonstration ended"
                said += line.decode()
            words = line.decode().split()
            url, name = words[words.index("--server") + 1], words[words.index("--name") + 1]
            assert f'open {url} and log in as {name} with the password "a demonstration"' in said
            async with await Client.log_in(url, name, "a demonstration") as client:
                page = await client.conversations()
                assert len(page.conversations) >= 4
                assert all(view.last for view in page.conversations)
                assert len(await client.friends()) == 8
                line_of_talk = anext(event async for event in client.events() if isinstance(event, Message))
                assert (await line_of_talk).sender != client.account, "they talk"
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            assert await process.wait() == 0
        assert not list(temporary.iterdir())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def read(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def of(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["type"] == kind]
