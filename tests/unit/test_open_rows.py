"""What a keyspace is told to be whose nodes go away while it is opened."""

from typing import cast

import pytest

from chinwag.adapters.cassandra import CassandraServers
from chinwag.adapters.cassandra.driver import Driver, DriverError, Row
from chinwag.adapters.cassandra.statements import Read, Values
from chinwag.adapters.cassandra.stream_tables import VERSION
from chinwag.assembly.cluster import opened_streams
from chinwag.assembly.cluster.opened import EngineAwayError
from chinwag.assembly.cluster.waiting import is_away
from chinwag.config import Config


class Going:
    """A session that answers so many statements, and then finds no quorum."""

    def __init__(self, answers: int) -> None:
        self.answers = answers
        self.closed = False

    async def rows(self, statement: Read, values: Values) -> list[Row]:
        del values
        self.answers -= 1
        if self.answers < 0:
            raise DriverError("no quorum", no=False, away=True)
        return [(VERSION, 4)] if "inbox_life" in statement.cql else []

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("answers", [0, 1])
async def test_nodes_that_go_away_at_any_statement_are_waited_for(
    answers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = Going(answers)

    async def opened(servers: CassandraServers) -> tuple[Driver, int]:
        del servers
        return cast("Driver", going), 4

    monkeypatch.setattr(opened_streams, "open_driver", opened)
    monkeypatch.setattr(opened_streams, "cassandra_servers", lambda config: config)
    with pytest.raises(EngineAwayError, match="no quorum") as away:
        await opened_streams.open_rows(Config())
    assert is_away(away.value)
    assert going.closed
