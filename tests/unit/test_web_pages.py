"""What browsers get of the web client: which addresses, which form, which headers; and what goes on to the API."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chinwag.domain.rate import Rate
from chinwag.flow.budget import Budget
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.unread import Unread, UnreadLimits
from chinwag.roles.web.pages import Pages
from chinwag.roles.web.policy import authorities, content_policy, own_authority
from chinwag.roles.web.site import File, read_site

NAVIGATION = {"sec-fetch-mode": "navigate", "accept": "text/html,*/*", "host": "127.0.0.1:8420"}


@pytest.fixture
def site(tmp_path: Path) -> Mapping[str, File]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(b"<!doctype html>the app")
    (tmp_path / "sw.js").write_bytes(b"worker")
    script = tmp_path / "assets" / "app-1a2b.js"
    script.write_bytes(b"code" * 100)
    script.with_name("app-1a2b.js.gz").write_bytes(gzip.compress(b"code" * 100))
    script.with_name("app-1a2b.js.br").write_bytes(b"as brotli")
    return read_site(tmp_path)


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])


async def _api(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"the api"})


def ask(
    site: Mapping[str, File],
    path: str,
    headers: Mapping[str, str] = NAVIGATION,
    *,
    method: str = "GET",
    pages: Pages | None = None,
    peer: str = "192.0.2.1",
) -> Answer:
    pages = pages or Pages(_api, site, Forwarded(), lambda: authorities("", "127.0.0.1", 8420))
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "client": (peer, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(pages(scope, None, send))
    return Answer(sent)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/c/g~1",
        "/c/g~1/17",
        "/people",
        "/groups",
        "/settings",
        "/settings/devices",
        "/join",
        "/you",
        "/search",
        "/search/in/g~1",
    ],
)
def test_each_address_of_the_client_gives_its_page_to_a_navigation(site: Mapping[str, File], path: str) -> None:
    answer = ask(site, path)
    assert (answer.status, answer.body) == (200, b"<!doctype html>the app")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_the_service_worker_that_names_the_page_gets_it(site: Mapping[str, File]) -> None:
    assert ask(site, "/", {"sec-fetch-mode": "same-origin", "accept": "text/html"}).status == 200
    assert ask(site, "/", {"sec-fetch-mode": "same-origin", "accept": "*/*"}).status == 299


@pytest.mark.parametrize("path", ["/", "/c/g~1", "/people"])
def test_a_program_at_the_same_address_is_answered_by_the_api(site: Mapping[str, File], path: str) -> None:
    assert ask(site, path, {"sec-fetch-mode": "cors", "accept": "text/html"}).status == 299
    assert ask(site, path, {"accept": "*/*"}).status == 299
    assert ask(site, path, {"accept": "text/html"}).status == 200  # a browser that tells no mode


@pytest.mark.parametrize(
    "path", ["/v1/me", "/v1/socket", "/nothing", "/assets/", "/assets/../index.html", "/index.html", "/c", "/sw.js.br"]
)
def test_every_other_address_is_the_apis(site: Mapping[str, File], path: str) -> None:
    assert ask(site, path).status == 299


def test_what_is_not_read_is_the_apis(site: Mapping[str, File]) -> None:
    assert ask(site, "/", method="POST").status == 299


def test_files_with_a_hash_are_kept_and_others_asked_for(site: Mapping[str, File]) -> None:
    kept = ask(site, "/assets/app-1a2b.js", {"sec-fetch-mode": "no-cors"})
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert ask(site, "/sw.js", {}).headers["cache-control"] == "no-cache"


def test_the_form_goes_by_what_the_browser_takes(site: Mapping[str, File]) -> None:
    def form(accepted: str) -> str | None:
        return ask(site, "/assets/app-1a2b.js", {"accept-encoding": accepted}).headers.get("content-encoding")

    assert [form("gzip, deflate, br"), form("gzip"), form("br;q=0, gzip"), form(""), form("zstd")] == [
        "br",
        "gzip",
        "gzip",
        None,
        None,
    ]
    tags = {ask(site, "/assets/app-1a2b.js", {"accept-encoding": each}).headers["etag"] for each in ("br", "gzip", "")}
    assert len(tags) == 3  # each form is another thing to a cache


def test_a_browser_that_has_a_file_is_told_so(site: Mapping[str, File]) -> None:
    tag = ask(site, "/").headers["etag"]
    again = ask(site, "/", {**NAVIGATION, "if-none-match": f'"other", W/{tag}'})
    assert (again.status, again.body) == (304, b"")
    assert "content-security-policy" in again.headers


def test_head_gives_the_length_and_no_body(site: Mapping[str, File]) -> None:
    answer = ask(site, "/", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == "22"


def test_one_address_is_bounded_and_others_go_on(site: Mapping[str, File]) -> None:
    budget = Budget(Rate(1.0, 3), lambda: 0.0)
    pages = Pages(_api, site, Forwarded(), frozenset, budget)
    statuses = [ask(site, "/", pages=pages).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = ask(site, "/", pages=pages)
    assert refused.headers["retry-after"] == "1"
    assert b'"rate_limited"' in refused.body
    assert ask(site, "/", pages=pages, peer="192.0.2.2").status == 200


def test_a_server_without_the_built_client_says_what_to_do(tmp_path: Path) -> None:
    answer = ask(read_site(tmp_path), "/")
    assert answer.status == 404
    assert b"make web" in answer.body
    assert ask(read_site(tmp_path), "/assets/app-1a2b.js").status == 299


def test_the_policy_names_sockets_only_of_hosts_that_the_server_answers_for(site: Mapping[str, File]) -> None:
    def policy(host: str) -> str:
        return str(ask(site, "/", {**NAVIGATION, "host": host}).headers["content-security-policy"])

    assert "connect-src 'self' ws://127.0.0.1:8420 wss://127.0.0.1:8420;" in policy("127.0.0.1:8420")
    assert "connect-src 'self' ws://localhost:8420 wss://localhost:8420;" in policy("LOCALHOST:8420")
    for foreign in ("evil.example", "127.0.0.1:8421", "x; script-src *", "127.0.0.1:8420, evil", ""):
        assert "connect-src 'self';" in policy(foreign)
        assert "evil" not in policy(foreign)


def test_a_public_address_is_the_only_one() -> None:
    known = authorities("https://Chat.example.org/", "0.0.0.0", 8420)
    assert known == {"chat.example.org"}
    assert own_authority("chat.example.org", known) == "chat.example.org"
    assert own_authority("localhost:8420", known) == ""


def test_the_policy_is_closed() -> None:
    policy = content_policy("chat.example.org")
    assert "unsafe" not in policy
    assert "*" not in policy
    for directive in (
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types svelte-trusted-html chinwag",
    ):
        assert directive in policy.split("; ")


def test_a_folder_that_is_no_client_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chinwag.roles.web.site.SITE_BYTES", 10)
    (tmp_path / "index.html").write_bytes(b"more than ten bytes")
    with pytest.raises(ValueError, match="holds more than"):
        read_site(tmp_path)


class _Waiting(asyncio.Transport):
    """A transport of whose bytes all wait."""

    def get_write_buffer_size(self) -> int:
        return 100


def test_who_does_not_read_files_is_given_no_more_and_others_are(site: Mapping[str, File]) -> None:
    """Files count against their address as other answers do: else those of one could fill what there is for all."""
    unread = Unread(UnreadLimits(per_owner=150, in_all=250))
    pages = Pages(_api, site, Forwarded(), frozenset, unread=unread)
    for _ in range(2):
        assert ask(site, "/", pages=pages).status == 200
        unread.note("192.0.2.1", _Waiting())
    refused = ask(site, "/", pages=pages)
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert json.loads(refused.body)["code"] == "rate_limited"
    assert ask(site, "/", pages=pages, peer="198.51.100.1").status == 200
    unread.note("203.0.113.9", _Waiting())
    assert ask(site, "/", pages=pages, peer="198.51.100.1").status == 503
