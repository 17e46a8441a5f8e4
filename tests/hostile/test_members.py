"""Those who have a token and misuse it: floods, odd frames, other people's ids, tokens made up, reading nothing."""

import asyncio
import base64
import json
import string
from collections import Counter

import pytest
from prove.attacks.raw import Raw, frame
from tests.hostile.crowd import Town
from tests.support.device import Device
from tests.support.people import settle_in

from chinwag.domain.ids import direct_id
from chinwag.wire.codec import encode
from chinwag.wire.frames import Hello, Ping, Typing

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def welcomed(town: Town, device: Device) -> Raw:
    """A raw socket of `device` that is in."""
    raw = await town.upgraded()
    raw.write(frame(encode(Hello(token=device.token))))
    assert b'"type":"welcome"' in await raw.reader.readuntil(b'"type":"welcome"')
    return raw


async def test_a_flood_of_frames_ends_its_session(town: Town) -> None:
    async with town.talk("a flood from one session"):
        raw = await welcomed(town, town.bad[0])
        raw.write(frame(b'{"type":"ping"}') * 5_000)
        got = await raw.end()
    assert got.count(b'"type":"pong"') < 1_000
    assert got.count(b'"code":"rate_limited"') == 101  # so many answers, and the bye
    assert b'"retry_after"' in got


async def test_a_flood_from_many_sessions(town: Town) -> None:
    async with town.talk("a flood from many sessions"):
        raws = [await welcomed(town, device) for device in town.bad for _ in range(10)]
        sends = b"".join(
            frame(
                json.dumps(
                    {"type": "send", "id": f"f{number}", "to": "1", "body": {"type": "text", "text": "x"}}
                ).encode()
            )
            for number in range(3_000)
        )
        for raw in raws:
            raw.write(sends)
        ends = await asyncio.gather(*(raw.end() for raw in raws))
    assert all(b'"code":"rate_limited"' in end for end in ends)


async def test_floods_of_other_verbs(town: Town) -> None:
    async with town.talk("floods of typing, marks and junk"):
        group = direct_id(town.good[0].account, town.good[1].account)
        before = len(town.good[1].signals)
        for payload in (
            encode(Typing(group)),
            b'{"type":"read","conversation":"g~%d","number":1}',
            b'{"type":"received","position":99999}',
            b"junk",
            b"[" * 1000,
        ):
            raw = await welcomed(town, town.bad[1])
            raw.write(b"".join(frame(payload.replace(b"%d", str(n).encode())) for n in range(3_000)))
            assert b'"code":"rate_limited"' in await raw.end()
        assert not [one for one in town.good[1].signals[before:] if getattr(one, "account", "") == town.bad[1].account]


async def test_long_frames_weigh_more(town: Town) -> None:
    async with town.talk("long frames of junk"):
        raw = await welcomed(town, town.bad[2])
        for _ in range(200):
            raw.write(frame(b'{"type":"nonsense","x":"' + b"x" * 1_000_000 + b'"}'))
            if raw.writer.transport.is_closing():
                break
        assert b'"code":"rate_limited"' in await raw.end()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"", claims=3 << 20), 1009),
        (frame(b"", claims=(1 << 63) - 1), 1009),
        (frame(b"", claims=1 << 63), 1002),
        (frame(b"x" * 70_000, fin=False) + frame(b"x" * 70_000, 0, fin=False) * 40, 1009),
        (frame(b"x", 0), 1002),
        (frame(b"x", fin=False) + frame(b"x"), 1002),
        (frame(b"x", 2), 1003),
        (frame(b"x", 3), 1002),
        (frame(b"x" * 126, 9), 1002),
        (frame(b"x", 9, fin=False), 1002),
        (b"\xc1\x80\0\0\0\0", 1002),  # a reserved bit
        (b"\x81\x02{}", 1002),  # not masked
    ],
)
async def test_frames_that_break_the_protocol(town: Town, data: bytes, code: int) -> None:
    raw = await welcomed(town, town.bad[0])
    raw.write(data)
    got = await raw.end()
    at = got.rfind(b"\x88")
    assert at >= 0
    assert int.from_bytes(got[at + 2 : at + 4], "big") in (code, 1002 if code == 1009 else code)


async def test_tokens_altered_in_each_part(town: Town) -> None:
    """Each part with a letter of each class changed, cut, repeated, left out; other algorithms; another server's."""
    token = town.good[0].token
    altered = set()
    parts = token.split(".")
    for index, part in enumerate(parts):
        for place in {0, 1, len(part) // 2, len(part) - 2, len(part) - 1}:
            for letter in (string.ascii_lowercase[3], string.ascii_uppercase[3], "7", "-", "_", "=", "é", " ", "\0"):
                if letter != part[place]:
                    altered.add(
                        ".".join([*parts[:index], part[:place] + letter + part[place + 1 :], *parts[index + 1 :]])
                    )
        for instead in ("", part * 2, part[:-1], part[1:], part[::-1]):
            altered.add(".".join([*parts[:index], instead, *parts[index + 1 :]]))
    header = json.loads(base64.urlsafe_b64decode(parts[0] + "=="))
    for change in (
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "None"},
        {"kid": "x"},
        {"kid": 1},
        {"kid": None},
        {"crit": ["x"]},
    ):
        text = base64.urlsafe_b64encode(json.dumps({**header, **change}).encode()).rstrip(b"=").decode()
        altered |= {f"{text}.{parts[1]}.{parts[2]}", f"{text}.{parts[1]}."}
    altered |= {parts[0], ".".join(parts[:2]), token + ".x", "." * 3, "a" * 3000, "Bearer " + token}
    altered.discard(token)
    outcomes: Counter[int] = Counter()
    async with town.talk("altered tokens"):
        for one in altered:
            raw = await town.raw()
            raw.write(
                b"GET /v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer "
                + one.encode().replace(b"\0", b"%00")
                + b"\r\n\r\n"
            )
            got = await raw.end()
            outcomes[int(got.split()[1])] += 1
            assert b"200 OK" not in got, one
        assert set(outcomes) <= {400, 401}, outcomes
    assert outcomes[401] > 100


async def test_tokens_of_another_server(town: Town, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = await settle_in(tmp_path_factory.mktemp("other") / "data", ["ann"])
    for token in (other[0][3],):
        raw = await town.upgraded()
        raw.write(frame(encode(Hello(token=token))))
        assert b'"code":"unauthenticated"' in await raw.end()


async def test_other_peoples_ids(town: Town) -> None:
    """Every id of others, wherever one fits: nothing of theirs is told or changed."""
    ann, ben = town.good
    mal = town.bad[3]
    direct = direct_id(ann.account, ben.account)
    place = town.crowd.place
    for method, path, body in (
        ("GET", f"/v1/conversations/{direct}", None),
        ("GET", f"/v1/conversations/{direct}/messages", None),
        ("GET", f"/v1/conversations/{direct}/changes?after=0", None),
        ("GET", f"/v1/conversations/{direct}/messages/1/receipts", None),
        ("POST", f"/v1/conversations/{direct}/messages", {"body": {"type": "text", "text": "x"}}),
        ("DELETE", f"/v1/devices/{ann.id}", None),
        ("GET", f"/v1/conversations/{direct[:-1]}", None),
        ("GET", f"/v1/conversations/d~{mal.account}~{mal.account}/messages", None),
        ("GET", "/v1/conversations/inbox/messages", None),
    ):
        answer = await place.request(method, path, token=mal.token, json=body)
        assert answer.status_code == 404, (path, answer.text)
    for begin in ("0.0.0.0", "0.0.999.999", "1.0.999.999", f"{2**62}.0.9.9"):
        answer = await place.request("GET", f"/v1/conversations?before={begin}.{direct}", token=mal.token)
        assert answer.json()["conversations"] == [], begin
    for wrong in (
        direct,
        f"9999999999999.{direct}",
        f"-1.0.0.0.{direct}",
        "9" * 299,
        f"0.0.0.{'9' * 200}.x",
        "0.0.0.0",
    ):
        answer = await place.request("GET", f"/v1/conversations?before={wrong}", token=mal.token)
        assert answer.json()["code"] == "bad_cursor", wrong
    cursor = (await place.request("GET", "/v1/cursor", token=ann.token)).json()["cursor"]
    answer = await place.request("GET", f"/v1/sync?after={cursor}", token=mal.token)
    assert answer.json()["events"] == []
    assert answer.json().get("reset") in ("epoch", None)


@pytest.mark.parametrize("number", [-1, -(2**63) - 1, 2**53, 2**63, 2**64, 10**30], ids=str)
async def test_a_number_of_any_length_is_told_to_be_none(town: Town, number: int) -> None:
    """JSON has numbers that nothing holds into which they could be put."""
    to, mal = town.good[0], town.bad[3]
    body = {"type": "text", "text": "x"}
    async with town.talk("numbers of any length"):
        raw = await welcomed(town, mal)
        for told, code in (
            ({"type": "send", "id": "long", "to": to.account, "body": body, "reply_to": number}, b"bad_reply"),
            ({"type": "received", "position": number}, b"bad_request"),
            ({"type": "read", "conversation": direct_id(to.account, mal.account), "number": number}, b"bad_request"),
        ):
            raw.write(frame(json.dumps(told).encode()))
            answer = await raw.reader.readuntil(b'"type":"error"') + await raw.reader.readuntil(b"}")
            assert b'"code":"%b"' % code in answer, (told, answer)
        raw.cut()
        direct = direct_id(to.account, mal.account)
        for path, json_, wanted in (
            (f"/v1/conversations/{direct}/messages", {"body": body, "reply_to": number}, "bad_reply"),
            (f"/v1/conversations/{direct}/read", {"number": number}, "bad_request"),
            ("/v1/received", {"position": number}, "bad_request"),
        ):
            answered = await town.crowd.place.request("POST", path, token=mal.token, json=json_)
            assert answered.json()["code"] == wanted, (path, answered.text)


async def test_a_session_that_reads_nothing(town: Town) -> None:
    async with town.talk("reading nothing"):
        raw = await welcomed(town, town.bad[0])
        transport = raw.writer.transport
        transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(500):
            raw.write(frame(b"x" * 120, 9) + frame(encode(Ping())))
        raw.cut()


async def test_one_device_holds_so_many_sockets(town: Town) -> None:
    async with town.talk("many sockets of one device"):
        raws = [await welcomed(town, town.bad[1]) for _ in range(25)]
        first = await asyncio.gather(*(raw.end() for raw in raws[:5]))
        assert all(b'"code":"rate_limited"' in end for end in first)
        last = raws[-1]
        last.write(frame(encode(Ping())))
        await last.reader.readuntil(b'"type":"pong"')
        for raw in raws[5:]:
            raw.cut()


async def test_a_malicious_poller(town: Town) -> None:
    device = town.bad[2]
    async with town.talk("a malicious poller"):
        statuses: Counter[int] = Counter()
        raw = await town.raw()
        for _ in range(1_000):
            raw.write(f"GET /v1/sync HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {device.token}\r\n\r\n".encode())
            head = await raw.head()
            statuses[int(head.split()[1])] += 1
            size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await raw.reader.readexactly(int(size.split(b":")[1]))
        assert set(statuses) == {200, 429}
        assert statuses[200] < 100
