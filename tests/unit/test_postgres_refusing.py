"""Whatever the driver of PostgreSQL says of a connection that breaks is `unavailable`, which is tried again."""

import asyncpg
import pytest

from chinwag.adapters.postgres.database import refusing
from chinwag.domain.refusal import Code, Refused


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        ConnectionResetError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_connection_is_unavailable(error: Exception) -> None:
    with pytest.raises(Refused) as refused, refusing():
        raise error
    assert refused.value.code is Code.UNAVAILABLE
