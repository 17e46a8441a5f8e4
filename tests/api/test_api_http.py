"""What HTTP itself needs: every error a coded problem, limits, headers, proxies, the description."""

from typing import Any

import pytest
from litestar import Litestar, Router, get

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.api import document as described
from chinwag.roles.api.app import ApiSettings, api
from chinwag.roles.api.compress import compressed
from chinwag.wire.errors import CATALOGUE

from .conftest import PASSWORD, Process, Start


async def test_every_error_is_a_problem_document(server: Process) -> None:
    client = server.client
    ann = await server.person("ann")
    token = {"authorization": f"Bearer {ann.access}"}
    sent = [
        (await client.get("/v1/nothing"), 404, "not_found"),
        (await client.get("/"), 404, "not_found"),
        (await client.get("/v1/openapi.json/x"), 404, "not_found"),
        (await client.get("/v1/schema"), 404, "not_found"),
        (await client.put("/v1/accounts"), 405, "method_not_allowed"),
        (await client.get("/v1/me"), 401, "unauthenticated"),
        (await client.get("/v1/me", headers={"authorization": "Basic YTpi"}), 401, "unauthenticated"),
        (await client.get("/v1/me", headers={"authorization": "Bearer"}), 401, "unauthenticated"),
        (await client.get("/v1/me", headers={"authorization": "Bearer rubbish"}), 401, "unauthenticated"),
        (await client.post("/v1/sessions", content=b"{"), 400, "bad_request"),
        (await client.post("/v1/sessions", content=b""), 400, "bad_request"),
        (await client.post("/v1/sessions", content=b"[1]"), 400, "bad_request"),
        (await client.post("/v1/sessions", content=b'{"name": "\xff", "password": "x"}'), 400, "bad_request"),
        (await client.post("/v1/sessions", content=b'{"name": "\\ud800", "password": "x"}'), 422, "text_surrogate"),
        (await client.post("/v1/accounts", content=b'{"name":1e400}'), 400, "bad_request"),
        (await client.post("/v1/accounts", content=b'{"x":[-1e400]}'), 400, "bad_request"),
        (await client.post("/v1/sessions", content=b'{"name":' + b"9" * 9_000 + b"}"), 400, "bad_request"),
        (await client.post("/v1/accounts", content=b'{"name":"' + b"x" * 70_000 + b'"}'), 413, "too_large"),
        (await client.get("/v1/friends?limit=x", headers=token), 400, "bad_request"),
        (await client.get("/v1/friends?limit=9999", headers=token), 400, "bad_request"),
        (await client.get("/v1/friends?after=" + "9" * 65, headers=token), 400, "bad_request"),
        (await client.get("/v1/users/%00", headers=token), 404, "no_account"),
        (await client.delete("/v1/devices/x", headers=token), 404, "no_device"),
    ]
    for answer, status, code in sent:
        body = answer.json()
        assert (answer.status_code, body["code"]) == (status, code), answer.request.url
        assert answer.headers["content-type"] == "application/problem+json"
        assert body["type"] == f"urn:chinwag:error:{code}"
        assert body["title"] == CATALOGUE[Code(code)].meaning
        assert body["status"] == status
        assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_validation_error_names_the_field_and_not_what_was_sent(server: Process) -> None:
    answer = await server.client.post("/v1/sessions", json={"name": "ann", "password": ["my secret"]})
    assert "password" in answer.json()["detail"]
    assert "my secret" not in answer.text


async def test_what_is_unexpected_is_internal_and_leaks_nothing(start: Start, server: Process) -> None:
    @get("/broken", opt={"public": True})
    async def broken() -> None:
        raise RuntimeError("the secret of the house")

    @get("/full", opt={"public": True})
    async def full() -> None:
        raise Refused(Code.OVERLOADED, retry_after=2.2)

    app = api(server.admission, [Router("/v1", route_handlers=[broken, full])], ApiSettings())
    from litestar.testing import AsyncTestClient

    async with AsyncTestClient(app, raise_server_exceptions=False) as client:
        answer = await client.get("/v1/broken")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "secret" not in answer.text
        answer = await client.get("/v1/full")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


async def test_headers_keep_answers_private(server: Process) -> None:
    for path in ("/v1/openapi.json", "/v1/nothing", "/v1/me"):
        headers = (await server.client.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ((), "198.51.100.7", "127.0.0.1"),
        (("127.0.0.1",), "198.51.100.7", "198.51.100.7"),
        (("127.0.0.0/8",), "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        (("127.0.0.1", "10.0.0.0/8"), "6.6.6.6, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
        (("127.0.0.1", "10.0.0.0/8"), "rubbish, 10.1.1.1", "10.1.1.1"),
        (("127.0.0.1",), "", "127.0.0.1"),
        (("10.0.0.0/8",), "198.51.100.7", "127.0.0.1"),
        (("127.0.0.1",), "6.6.6.6, 2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_address_is_believed_from_trusted_proxies_only(trusted: tuple[str, ...], forwarded: str, seen: str) -> None:
    from litestar import Request

    from chinwag.roles.api.admit import address_by

    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope: Any = {"type": "http", "client": ("127.0.0.1", 1), "headers": headers}
    assert address_by(trusted)(Request(scope)) == seen


async def test_the_description_is_made_once(server: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Litestar] = []

    make = described.document

    def document(app: Litestar) -> dict[str, Any]:
        made.append(app)
        return make(app)

    with monkeypatch.context() as patched:
        patched.setattr(described, "document", document)
        answers = [(await server.client.get("/v1/openapi.json")).content for _ in range(3)]
    assert len(made) <= 1
    assert len(set(answers)) == 1


async def test_the_description_is_whole(server: Process) -> None:
    document = (await server.client.get("/v1/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations) == 29
    assert all(one["summary"] and one["description"] for one in operations)
    assert all(list(one["responses"])[-1] == "default" and "400" not in one["responses"] for one in operations)
    assert "Problem" in document["components"]["schemas"]
    assert PASSWORD not in str(document)


async def test_other_origins_are_let_in_by_name_only(start: Start) -> None:
    server = await start(settings=ApiSettings(origins=("https://chat.example.org",)))
    asked = {"access-control-request-method": "POST"}
    good = await server.client.options("/v1/sessions", headers={"origin": "https://chat.example.org", **asked})
    assert good.headers["access-control-allow-origin"] == "https://chat.example.org"
    bad = await server.client.options("/v1/sessions", headers={"origin": "https://evil.example.org", **asked})
    assert "access-control-allow-origin" not in bad.headers


async def test_the_description_is_compressed_once_and_the_same(
    server: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes ten milliseconds, and anybody may ask."""
    made: list[int] = []

    def counted(body: bytes) -> bytes:
        made.append(len(body))
        return compressed(body)

    monkeypatch.setattr(described, "compressed", counted)
    ask = server.client.get
    plain = await ask("/v1/openapi.json", headers={"accept-encoding": "identity"})
    small = [await ask("/v1/openapi.json", headers={"accept-encoding": "gzip"}) for _ in range(3)]
    assert {answer.headers["content-encoding"] for answer in small} == {"gzip"}
    assert {answer.headers["vary"] for answer in (plain, *small)} == {"accept-encoding"}
    assert "content-encoding" not in plain.headers
    assert all(answer.content == plain.content for answer in small)
    assert made == [len(plain.content)]
