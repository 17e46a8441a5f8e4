"""A browser's session: the refresh token in a cookie that no script reads, and a jar that may go back one step."""

import httpx2
import pytest
from tests.api.conftest import PASSWORD, Process, Start, Time

from chinwag.roles.api.app import ApiSettings

ATTEMPT = "an-attempt-kept-for-ever"
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Browser:
    """A jar of one cookie, as a browser keeps it, and what it had on disk."""

    def __init__(self, server: Process, **headers: str) -> None:
        self.server = server
        self.headers = {"origin": str(server.client.base_url).rstrip("/"), **headers}
        self.jar: dict[str, str] = {}
        self.disk: dict[str, str] = {}
        self.set_cookie = ""
        self.device = ""
        self.access = ""

    def killed(self) -> None:
        """What was not written to disk is gone."""
        self.jar = dict(self.disk)

    def written(self) -> None:
        """The jar is on disk now."""
        self.disk = dict(self.jar)

    async def post(self, path: str, body: object) -> httpx2.Response:
        return await self.request("POST", path, body)

    async def request(self, method: str, path: str, body: object = None) -> httpx2.Response:
        headers = dict(self.headers)
        if self.jar and path.startswith("/v1/sessions"):
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        if self.access:
            headers["authorization"] = f"Bearer {self.access}"
        answer = await self.server.client.request(method, path, json=body, headers=headers)
        self.server.client.cookies.clear()
        self.set_cookie = answer.headers.get("set-cookie", "")
        if self.set_cookie:
            name, _, value = self.set_cookie.partition(";")[0].partition("=")
            self.jar = {name: value} if value else {}
        return answer

    async def log_in(self, name: str = "anna") -> dict[str, object]:
        answer = await self.post("/v1/sessions", {"name": name, "password": PASSWORD, "device": "x", "cookie": True})
        assert answer.status_code == 201, answer.text
        return self.take(answer)

    async def refresh(self, attempt: str = ATTEMPT, device: str | None = None) -> httpx2.Response:
        return await self.post("/v1/sessions/refresh", {"attempt": attempt, "device": device or self.device})

    def take(self, answer: httpx2.Response) -> dict[str, object]:
        given: dict[str, object] = answer.json()
        self.device, self.access = str(given["device"]), str(given["access_token"])
        return given


@pytest.fixture
async def browser(server: Process) -> Browser:
    await server.sign_up("anna")
    return Browser(server)


async def test_the_refresh_token_is_in_the_cookie_and_nowhere_else(browser: Browser) -> None:
    given = await browser.log_in()
    (name, token), *others = browser.jar.items()
    assert not others
    assert "refresh_token" not in given
    assert token not in str(given)
    assert name.startswith("chinwag_")
    attributes = browser.set_cookie.split("; ")[1:]
    assert attributes == ["Path=/v1/sessions", f"Max-Age={90 * DAY // 1000}", "HttpOnly", "SameSite=Strict"]


async def test_a_program_goes_on_as_it_did(server: Process) -> None:
    anna = await server.person("anna")
    answer = await anna.refresh("attempt-1")
    assert answer.json()["refresh_token"]
    assert "set-cookie" not in answer.headers


async def test_a_cookie_is_renewed_when_a_minute_has_passed(browser: Browser, time: Time) -> None:
    await browser.log_in()
    first = dict(browser.jar)
    time.forward(59_999)
    assert (await browser.refresh()).status_code == 200
    assert browser.jar == first
    assert f"Max-Age={(90 * DAY - 59_999) // 1000}" in browser.set_cookie
    time.forward(1)
    assert (await browser.refresh()).status_code == 200
    assert browser.jar != first
    assert f"Max-Age={90 * DAY // 1000}" in browser.set_cookie


@pytest.mark.parametrize("seconds", [1, 5, 29])
@pytest.mark.parametrize("later", [2_000, HOUR])
async def test_a_browser_killed_after_a_refresh_is_still_logged_in(
    browser: Browser, time: Time, seconds: int, later: int
) -> None:
    await browser.log_in()
    browser.written()
    time.forward(HOUR)
    assert (await browser.refresh()).status_code == 200
    time.forward(seconds * 1000)
    browser.killed()
    time.forward(later)
    assert (await browser.refresh()).status_code == 200
    browser.written()
    time.forward(HOUR)
    assert (await browser.refresh()).status_code == 200


async def test_reloads_in_a_row_do_not_carry_the_jar_two_steps_ahead(browser: Browser, time: Time) -> None:
    await browser.log_in()
    browser.written()
    time.forward(HOUR)
    for _ in range(3):
        assert (await browser.refresh()).status_code == 200
        time.forward(5_000)
    browser.killed()
    assert (await browser.refresh()).status_code == 200


async def test_two_tabs_that_refresh_at_once_have_the_same_token(browser: Browser, time: Time) -> None:
    await browser.log_in()
    other = Browser(browser.server)
    other.jar, other.device = dict(browser.jar), browser.device
    time.forward(HOUR)
    assert (await browser.refresh()).status_code == 200
    assert (await other.refresh()).status_code == 200
    assert other.jar == browser.jar


async def test_a_stolen_cookie_is_noticed(browser: Browser, time: Time) -> None:
    await browser.log_in()
    thief = Browser(browser.server)
    thief.jar, thief.device = dict(browser.jar), browser.device
    time.forward(HOUR)
    assert (await browser.refresh()).status_code == 200
    refused = await thief.refresh("another-attempt")
    assert (refused.status_code, refused.json()["code"]) == (401, "refresh_reused")
    assert (await browser.refresh()).json()["code"] == "revoked"


async def test_a_cookie_of_somebody_else_renews_nothing(browser: Browser, time: Time) -> None:
    await browser.log_in()
    mine, jar = browser.device, dict(browser.jar)
    await browser.server.sign_up("ben")
    await browser.log_in("ben")
    theirs = dict(browser.jar)
    time.forward(HOUR)
    refused = await browser.refresh(device=mine)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_session")
    assert browser.jar == theirs != jar
    assert (await browser.refresh()).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1", "null", "https://friend.example"])
async def test_no_other_origin_gets_or_renews_a_cookie(start: Start, time: Time, origin: str) -> None:
    server = await start(settings=ApiSettings(origins=("https://friend.example",)))
    await server.sign_up("anna")
    browser = Browser(server)
    await browser.log_in()
    jar = dict(browser.jar)
    time.forward(HOUR)
    browser.headers["origin"] = origin
    for path, body in (
        ("/v1/sessions/refresh", {"attempt": ATTEMPT}),
        ("/v1/sessions", {"name": "anna", "password": PASSWORD, "cookie": True}),
        ("/v1/accounts", {"name": "eve", "password": PASSWORD, "device": "x", "cookie": True}),
    ):
        refused = await browser.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert "set-cookie" not in refused.headers
    assert browser.jar == jar


async def test_without_a_cookie_there_is_nothing_to_renew(browser: Browser) -> None:
    refused = await browser.post("/v1/sessions/refresh", {"attempt": ATTEMPT})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_logging_out_takes_the_cookie_away(browser: Browser) -> None:
    await browser.log_in()
    stolen = dict(browser.jar)
    answer = await browser.request("DELETE", "/v1/sessions/current")
    assert answer.status_code == 204
    assert browser.jar == {}
    assert "Max-Age=0" in browser.set_cookie
    browser.jar = stolen
    assert (await browser.refresh()).json()["code"] == "revoked"


async def test_over_tls_the_cookie_never_goes_in_the_clear(start: Start) -> None:
    public = await start(settings=ApiSettings(public_url="https://chat.example.org"))
    await public.sign_up("anna")
    browser = Browser(public, origin="https://chat.example.org", host="chat.example.org")
    await browser.log_in()
    assert next(iter(browser.jar)).startswith("__Secure-chinwag_")
    assert browser.set_cookie.endswith("; Secure")
    assert (await browser.refresh()).status_code == 200
    proxied = await start(settings=ApiSettings(trusted_proxies=("127.0.0.1",)))
    behind = Browser(proxied, **{"x-forwarded-proto": "https"})
    await behind.log_in()
    assert behind.set_cookie.endswith("; Secure")
    direct = await start()
    lying = Browser(direct, **{"x-forwarded-proto": "https"})
    await lying.log_in()
    assert "Secure" not in lying.set_cookie


@pytest.mark.parametrize("value", ["", '""', "junk", "r1.1.2.3"])
@pytest.mark.parametrize("before", ["", "x", "__Host-", "__Secure-"])
async def test_a_cookie_that_somebody_else_has_laid_keeps_nobody_from_logging_in(
    browser: Browser, before: str, value: str
) -> None:
    await browser.log_in()
    (name,) = browser.jar
    browser.jar = {before + name: value}
    await browser.log_in()
    browser.jar = {before + name: value}
    refused = await browser.refresh()
    assert refused.json()["code"] in ("unauthenticated", "wrong_session")


@pytest.mark.parametrize("laid", ["junk", '""', "another's"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("headers", [1, 2])
async def test_of_two_cookies_under_the_name_none_counts(
    browser: Browser, laid: str, first: bool, headers: int
) -> None:
    await browser.server.sign_up("eve")
    await browser.log_in("eve")
    ((name, eves),) = browser.jar.items()
    await browser.log_in()
    laid = eves if laid == "another's" else laid
    pairs = [f"{name}={laid}", f"{name}={browser.jar[name]}"][:: 1 if first else -1]
    brought = pairs if headers == 2 else ["; ".join(pairs)]
    refused = await browser.server.client.post(
        "/v1/sessions/refresh",
        json={"attempt": ATTEMPT},
        headers=[*browser.headers.items(), *(("cookie", one) for one in brought)],
    )
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert "set-cookie" not in refused.headers
    assert (await browser.refresh()).status_code == 200, "the own one alone is as good as before"


async def test_over_tls_a_cookie_laid_in_the_clear_counts_for_nothing(start: Start) -> None:
    plain = await start()
    await plain.sign_up("eve")
    browser = Browser(plain)
    await browser.log_in("eve")
    laid = dict(browser.jar)
    public = await start(settings=ApiSettings(public_url="https://chat.example.org"))
    victim = Browser(public, origin="https://chat.example.org", host="chat.example.org")
    victim.jar, victim.device = laid, browser.device
    refused = await victim.refresh()
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_two_servers_of_one_host_have_cookies_of_their_own(start: Start, browser: Browser) -> None:
    again = await start()  # of the same data: another node of one installation
    other = Browser(again)
    await browser.log_in()
    await other.log_in()
    assert set(browser.jar) == set(other.jar)
    assert browser.server.accounts.tokens.installation == again.accounts.tokens.installation


async def test_signing_up_can_log_in_at_once_with_one_hash(server: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    verified: list[str] = []
    real_hash, real_verify = server.accounts.passwords.hash, server.accounts.passwords.verify

    async def counted_hash(password: str, *args: object, **kwargs: object) -> str:
        hashed.append(password)
        return await real_hash(password, *args, **kwargs)  # type: ignore[arg-type]

    async def counted_verify(*args: object, **kwargs: object) -> bool:
        verified.append("")
        return await real_verify(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(server.accounts.passwords, "hash", counted_hash)
    monkeypatch.setattr(server.accounts.passwords, "verify", counted_verify)
    browser = Browser(server)
    answer = await browser.post(
        "/v1/accounts", {"name": "olga", "password": PASSWORD, "device": "laptop", "cookie": True}
    )
    assert answer.status_code == 201
    given = browser.take(answer)
    assert given["account"]["name"] == "olga"  # type: ignore[index]
    assert "refresh_token" not in given
    assert (len(hashed), len(verified)) == (1, 0)
    devices = await browser.request("GET", "/v1/devices")
    assert [one["name"] for one in devices.json()["items"]] == ["laptop"]
    assert (await browser.refresh()).status_code == 200


async def test_signing_up_with_a_device_and_no_cookie_gives_both_tokens(server: Process) -> None:
    answer = await server.client.post("/v1/accounts", json={"name": "olga", "password": PASSWORD, "device": "bot"})
    assert answer.status_code == 201
    assert answer.json()["refresh_token"]


async def test_a_refused_sign_up_logs_nobody_in(server: Process) -> None:
    await server.sign_up("anna")
    answer = await server.client.post(
        "/v1/accounts", json={"name": "anna", "password": PASSWORD, "device": "x", "cookie": True}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert "set-cookie" not in answer.headers
