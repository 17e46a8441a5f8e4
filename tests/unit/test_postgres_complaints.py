"""While PostgreSQL is away every call fails: the log says so once a second, and how often."""

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from chinwag.adapters.postgres.complaints import COMPLAINT_SECONDS, Complaints
from chinwag.adapters.relational import postgres
from chinwag.domain.refusal import Refused

CALLS = 50


def test_one_line_a_second_says_how_many_there_were() -> None:
    now = 5.0
    with capture_logs() as lines:
        complaints = Complaints("it is away", structlog.get_logger(), lambda: now)
        for _ in range(CALLS):
            complaints.tell(TimeoutError())
        now += COMPLAINT_SECONDS
        complaints.tell(ConnectionRefusedError(111, "Connect call failed"))
    assert [line["event"] for line in lines] == ["it is away"] * 2
    assert [line["others_since"] for line in lines] == [0, CALLS - 1]
    assert "Connect call failed" in lines[1]["error"]


async def test_connections_to_the_directory_that_cannot_be_made_do_not_fill_the_log(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    url = f"postgresql://chinwag@127.0.0.1:{unused_tcp_port}/chinwag"
    engine = postgres.engine_on(url, 5.0, connections=CALLS)

    async def connect() -> None:
        with pytest.raises(Refused):
            async with engine.connect():
                pass

    try:
        with capture_logs() as lines:
            log = structlog.get_logger()
            monkeypatch.setattr(postgres, "_complaints", Complaints("it is away", log, lambda: 5.0))
            await asyncio.gather(*(connect() for _ in range(CALLS)))
    finally:
        await engine.dispose()
    assert len(lines) == 1
