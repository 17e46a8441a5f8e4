"""A provider that nobody here wrote (npm's oidc-provider), a whole server, and people who are let in and locked out."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urljoin

import httpx2
import pytest
from tests.openid.provider import text
from tests.openid.real_house import PATIENCE, House, real_house
from tests.support.device import Device
from tests.support.people import Crowd
from tests.web.browsers import CALL_MS, chromium

from chinwag.client import ApiError, Client
from chinwag.client.credentials import load_credentials
from chinwag.client.openid import Listener
from chinwag.config import OpenId
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.life.doctor.finding import Level
from chinwag.life.doctor.providers import providers

SECRET: Final = "s" * 40


@pytest.fixture
async def house(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[House]:
    async with real_house(tmp_path, unused_tcp_port) as built:
        yield built


async def agree(address: str, name: str) -> httpx2.Response:
    """Somebody opens `address` in a browser without scripts and logs in as `name`; the first answer that leads away
    from 127.0.0.1's pages of the provider, or whose address has a fragment."""
    async with httpx2.AsyncClient(timeout=PATIENCE) as browser:
        answer = await browser.get(address)
        for _ in range(20):
            if answer.status_code in (302, 303):
                place = urljoin(str(answer.url), answer.headers["location"])
                if "#" in place:
                    return answer
                answer = await browser.get(place)
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert form, answer.text
            fields = {"prompt": "login", "login": name, "password": "any"}
            answer = await browser.post(urljoin(str(answer.url), form[1]), data=fields)
    raise AssertionError("it leads nowhere")


async def come_by(house: House, name: str) -> dict[str, Any]:
    """Somebody logs in by the provider, as often as a busy machine asks for it; what the server's answer says."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await came(house, name)) is None:
            pass
    return answer


async def came(house: House, name: str) -> dict[str, Any] | None:
    """One try; None if a part of the server was away for a moment."""
    async with httpx2.AsyncClient(base_url=house.server.url, timeout=PATIENCE) as client:
        body = {
            "binding": text(sha256(SECRET.encode()).digest()),
            "return_to": f"{house.server.url}/",
        }
        begun = await client.post("/v1/openid/staff/begin", json=body)
        if begun.status_code >= 500:
            return None
        assert begun.status_code == 201, begun.text
        back = await agree(begun.json()["url"], name)
        said_ = dict(parse_qsl(back.headers["location"].partition("#")[2]))
        assert "openid_code" in said_, said_
        openid = {"code": said_["openid_code"], "secret": SECRET}
        answer = await client.post("/v1/sessions", json={"login_type": "openid", "openid": openid})
        if answer.status_code >= 500:
            return None
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


async def test_people_are_let_in_and_locked_out(house: House) -> None:
    await house.provider.tell({"groups": {"ann": ["wheel"]}})
    async with httpx2.AsyncClient(base_url=house.server.url, timeout=PATIENCE) as client:
        info = (await client.get("/v1/server")).json()
        assert info["openid"] == [{"name": "staff", "label": "The company"}]
        ann, ben = await come_by(house, "ann"), await come_by(house, "ben")
        assert (ann["account"]["name"], ann["account"]["admin"]) == ("ann", True)
        assert (ben["account"]["display_name"], ben["account"]["admin"]) == ("ben of the company", False)
        again = await come_by(house, "ann")
        assert again["account"]["id"] == ann["account"]["id"]
        await house.provider.tell({"lock": "ann"})
        for tokens, wanted in ((again, "revoked"), (ben, None)):
            answer = await client.get("/v1/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
            assert answer.json().get("code") == wanted
        left = await client.delete("/v1/sessions/current", headers={"authorization": f"Bearer {ben['access_token']}"})
        end = left.json()["end_session"]
        assert end.startswith(house.provider.issuer)
        assert (await client.get(end)).status_code == 200, "the provider knows the address to come back to"


async def test_a_socket_closes_when_its_person_is_locked_out(house: House) -> None:
    crowd = Crowd(house.server)
    tokens = await come_by(house, "ann")

    device = Device(
        crowd.place, "ann", AccountId(tokens["account"]["id"]), DeviceId(tokens["device"]), tokens["access_token"]
    )
    await device.load()
    await device.connect()
    await house.provider.tell({"lock": "ann"})
    await device.until(lambda: device.byes, "the end of its socket")
    assert device.byes[0].code == "revoked"
    await crowd.leave()


async def test_who_is_locked_out_without_a_word_is_found_at_the_next_renewal(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with real_house(tmp_path, unused_tcp_port, recheck_hours=0.017) as house:
        ann, ben = await come_by(house, "ann"), await come_by(house, "ben")
        await house.provider.tell({"groups": {"ben": ["wheel"]}})
        await house.provider.tell({"lock": "ann", "quietly": True})
        renewed = await asked_about(house, ann, lambda answer: answer.get("code") is not None)
        assert renewed["code"] == "revoked"
        renewed = await asked_about(house, ben, lambda answer: answer["account"]["admin"])
        assert renewed["device"] == ben["device"], "it stays, and has what its groups give now"


async def asked_about(house: House, tokens: dict[str, Any], done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Renew a device's tokens a minute and more later, each time, until an answer is as it is to be: a provider that a
    busy machine keeps from answering counts as away, and everybody stays."""
    seconds = turn = 0
    async with httpx2.AsyncClient(base_url=house.server.url, timeout=PATIENCE) as client, asyncio.timeout(PATIENCE):
        while True:
            seconds += 90
            house.clock.jump(seconds)
            body = {"refresh_token": tokens["refresh_token"], "attempt": f"attempt-{turn}"}
            answer = await client.post("/v1/sessions/refresh", json=body)
            if answer.status_code >= 500:
                continue
            said_ = dict(answer.json())
            if done(said_):
                return said_
            tokens, turn = said_, turn + 1


async def test_a_program_on_ones_own_machine_logs_in(house: House) -> None:
    """As `chinwag chat --openid staff` does: a port of its own, and a page that hands over what stands behind `#`."""
    async with Listener() as listener, httpx2.AsyncClient(base_url=house.server.url, timeout=PATIENCE) as client:
        body = {"binding": listener.binding, "return_to": listener.address}
        begun = await client.post("/v1/openid/staff/begin", json=body)
        back = await agree(begun.json()["url"], "ann")
        place, _, fragment = back.headers["location"].partition("#")
        page = await client.get(place)
        assert "location.hash" in page.text
        handed = await client.post(urljoin(place, "done"), content=fragment)
        assert handed.status_code == 200
        code = await listener.code()
        openid = {"code": code, "secret": listener.secret}
        answer = await client.post("/v1/sessions", json={"login_type": "openid", "openid": openid})
        assert answer.status_code == 201, answer.text


async def test_the_python_client_logs_in(house: House, tmp_path: Path) -> None:
    browsing: list[asyncio.Task[None]] = []

    async def log_in() -> Client | None:
        try:
            return await Client.log_in_by_provider(
                house.server.url,
                "staff",
                lambda address: browsing.append(asyncio.create_task(browse(address, "ann"))),
                store=lambda name: tmp_path / name,
            )
        except ApiError as error:
            if not error.retryable:
                raise
            return None

    async with asyncio.timeout(PATIENCE):
        while (client := await log_in()) is None:
            pass
    await asyncio.gather(*browsing)
    assert client.credentials.name == "ann"
    assert (tmp_path / "ann" / "session.json").exists()
    await client.close()


async def browse(address: str, name: str) -> None:
    """Somebody's browser, up to the page of the program that waits."""
    back = await agree(address, name)
    place, _, fragment = back.headers["location"].partition("#")
    async with httpx2.AsyncClient(timeout=PATIENCE) as browser:
        await browser.post(urljoin(place, "done"), content=fragment)


async def test_chat_logs_in_by_a_browser(house: House, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CHINWAG_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chinwag.cli", "chat", "--server", house.server.url, "--openid", "staff"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment | {"XDG_CONFIG_HOME": str(tmp_path)},
        cwd=tmp_path,
    )
    assert process.stdout is not None
    address = None
    async with asyncio.timeout(PATIENCE):
        while address is None and (line := await process.stdout.readline()):
            address = re.search(rf"{re.escape(house.provider.issuer)}\S+", line.decode())
    assert address is not None
    await browse(address[0], "ann")
    rest = (await process.communicate())[0].decode()
    assert process.returncode == 0, rest
    assert load_credentials(tmp_path / "chinwag" / "profiles" / "default" / "session.json").name == "ann"


async def test_the_doctor_asks_the_providers(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "open"
    secret.write_text("x")
    secret.chmod(0o644)
    sections = {
        "staff": OpenId(issuer=house.provider.issuer, client_id="chinwag", scopes=("openid", "profile")),
        "scopes": OpenId(issuer=house.provider.issuer, client_id="chinwag", scopes=("openid", "unknown")),
        "spelt": OpenId(issuer=house.provider.issuer + "/", client_id="chinwag", client_secret_file=secret),
        "away": OpenId(issuer="http://127.0.0.1:9", client_id="chinwag"),
    }
    found = await asyncio.to_thread(lambda: [(one.level, one.subject) for one in providers(sections)])
    assert found == [
        (Level.OK, "openid.staff"),
        (Level.WARN, "openid.scopes"),
        (Level.FAIL, "openid.spelt"),
        (Level.FAIL, "openid.spelt"),
        (Level.FAIL, "openid.away"),
    ]


async def test_a_real_browser_brings_the_code(house: House) -> None:
    """Chromium: the provider's page, the way back, and the script by which the code leaves the address's fragment."""
    async with chromium() as browser, Listener() as listener, httpx2.AsyncClient(base_url=house.server.url) as client:
        body = {"binding": listener.binding, "return_to": listener.address}
        begun = await client.post("/v1/openid/staff/begin", json=body)
        page = await browser.new_page()
        page.set_default_timeout(CALL_MS)
        await page.goto(begun.json()["url"])
        await page.fill("input[name=login]", "ann")
        await page.fill("input[name=password]", "any")
        await page.click("button[type=submit]")
        await page.get_by_text("You are logged in").wait_for()
        assert page.url == listener.address, "the code stands in no history"
        openid = {"code": await listener.code(), "secret": listener.secret}
        answer = await client.post("/v1/sessions", json={"login_type": "openid", "openid": openid})
        assert answer.status_code == 201, answer.text
        assert answer.json()["account"]["name"] == "ann"
