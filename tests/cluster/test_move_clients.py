"""A client of a server on a data folder goes on after the move as if that server had only been away for a while."""

import pytest
from prove.process import DidNotStartError, ServerProcess
from tests.support.after_move import goes_on
from tests.support.clusters import Cluster
from tests.support.people import Crowd

from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text


async def test_a_client_goes_on_with_its_cursor_and_its_log_in(cluster: Cluster) -> None:
    embedded = ServerProcess(cluster.data)
    crowd = Crowd(embedded)
    after = ServerProcess(cluster.data, environment=cluster.environment)
    try:
        await embedded.start()
        anna, ben = await crowd.people("anna", "ben")
        away = await crowd.another(ben)
        first = await anna.ask(Send(ClientId("one"), Text("one"), to=ben.account))
        assert isinstance(first, Ack)
        await away.disconnect()
        two = Send(ClientId("two"), Text("two"), to=ben.account)
        missed = await anna.ask(two)
        assert isinstance(missed, Ack)
        assert await embedded.stop() == 0

        await cluster.init()
        moved = await cluster.run("move")
        assert moved.returncode == 0, moved.stderr.decode()
        assert b"moved to 127.0.0.1:" in moved.stdout
        assert b"comparing inbox" in moved.stderr
        with pytest.raises(DidNotStartError, match="chinwag move --back anyway"):
            await embedded.start()

        await after.start()
        await goes_on(after, anna, (ben, away), two, missed)
        assert await after.stop() == 0
    finally:
        await crowd.leave()
        embedded.end()
        after.end()
