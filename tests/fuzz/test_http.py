"""Every operation of the OpenAPI document, asked with what the document allows and with what it does not.

No answer is a mistake of the server's, and each is of the form that the document says.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from prove.process import ServerProcess
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.authorisation.world import settle

T = TypeVar("T")
DOCUMENT = Path(__file__).parents[2] / "docs" / "generated" / "openapi.json"
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
LIMITS = ("--limits-requests-per-second", "100000", "--limits-requests-burst", "100000")
SECONDS = 30.0


class Beside:
    """An event loop in a thread of its own: the requests of schemathesis block theirs."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(SECONDS)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Asked(ServerProcess):
    """A server with somebody's tokens."""

    tokens: dict[str, str]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    beside = Beside()
    process = Asked(tmp_path_factory.mktemp("http") / "data", *LIMITS)
    try:
        people = beside.run(settle(process.data))
        process.tokens = {name: token for name, (_, _, token) in people.items()}
        beside.run(process.start())
        yield process
        beside.run(process.stop())
        beside.stop()
    finally:
        process.end()


# As generated; another test sees to it that it is not stale. The stream of events never ends: it has tests of its own.
schema = schemathesis.openapi.from_path(DOCUMENT).exclude(operation_id="streamEvents")


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_operation(case: Any, asked: Asked) -> None:
    if case.operation.path == "/v1/sync" and isinstance(case.query, dict):
        case.query.pop("wait", None)  # it would wait
    who = "operator" if case.operation.path.startswith("/v1/admin") else "member"
    token = asked.tokens["former" if case.operation.path == "/v1/sessions/current" else who]
    headers = {"authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=asked.url, checks=CHECKS, headers=headers, timeout=SECONDS)


def test_nothing_of_it_was_logged_as_a_mistake(asked: Asked) -> None:
    assert '"level":"error"' not in asked.log()
