"""What a failure of PostgreSQL becomes: `unavailable`, and few lines of the log."""

import asyncpg
import pytest
from structlog.testing import capture_logs

from chinwag.adapters.postgres.database import refusal, refusing
from chinwag.domain.refusal import Code, Refused


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError("refused here"),
        TimeoutError(),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.DiskFullError("no space left"),
        asyncpg.DeadlockDetectedError("circle"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.UndefinedFunctionError("no such function"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_failure_is_unavailable_and_can_be_tried_again(failure: Exception) -> None:
    with pytest.raises(Refused) as refused, refusing():
        raise failure
    assert refused.value.code is Code.UNAVAILABLE
    assert refused.value.retry_after == 1.0
    assert str(failure) not in refused.value.detail or not str(failure), "the log alone is told"


def test_a_mistake_of_ours_stays_a_mistake() -> None:
    with pytest.raises(KeyError), refusing():
        raise KeyError("x")


def test_an_engine_that_is_away_does_not_fill_the_log() -> None:
    with capture_logs() as lines:
        for _ in range(10_000):
            refusal(TimeoutError())
    assert len(lines) < 1_000
