"""Whoever loads all afresh while a batch is stored: what is readable in the inbox before its state is not missed."""

from collections.abc import Mapping, Sequence

import pytest
from tests.contract.harness import ANN, PAIR, commit
from tests.engines.inbox_world import InboxWorld

from chinwag.adapters.inboxes.poster import StreamPoster
from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import catch_up
from chinwag.flow.afresh import again
from chinwag.flow.conversations import Conversations
from chinwag.ports.message_store import Commit

TEA = ConversationId("g~tea")


async def test_what_was_posted_before_its_state_is_given_to_who_loads_meanwhile(
    inboxes: InboxWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await inboxes.process(works=True)
    store, inbox = process.stores.message_store, process.inbox
    assert (await catch_up.start(inbox, store, ANN, None, 0)).position == 0
    await store.commit([commit(1, 5)])
    await inbox.settled()
    assert (await catch_up.start(inbox, store, ANN, None, 0)).position == 5
    post = StreamPoster.commits

    async def post_and_die(poster: StreamPoster, batch: Sequence[Commit]) -> Mapping[int, int]:
        await post(poster, batch)
        raise Refused(Code.UNAVAILABLE, "it was killed here")

    monkeypatch.setattr(StreamPoster, "commits", post_and_die)
    with pytest.raises(Refused, match="killed"):
        await store.commit([commit(6, 8), commit(1, 2, TEA)])
    await inbox.settled()

    started = await catch_up.start(inbox, store, ANN, None, 0)
    (state,) = await store.states([PAIR])
    assert state is not None
    assert (state.head, started.head) == (5, 8)
    assert started.position == 5  # so 6, 7 and 8 are given, whatever is loaded
    behind = await catch_up.start(inbox, store, ANN, started.epoch + 1, 3)
    assert (behind.position, behind.reset) == (5, "epoch")
    assert await catch_up.start(inbox, store, ANN, started.epoch, 7) == catch_up.Start(started.epoch, 7, 8)
    assert await again(inbox, store, ANN, started.epoch, 8) == 5

    views = Conversations(store, process.stores.mark_store, inbox)
    with pytest.raises(Refused) as refused:
        await views.view(ANN, TEA)
    assert refused.value.code is Code.UNAVAILABLE

    # Its log has lost it: no state will ever say it, and nobody is to be told.
    await process.stores.fences.begin(0, 2)
    assert (await catch_up.start(inbox, store, ANN, None, 0)).position == 8
    with pytest.raises(Refused) as refused:
        await views.view(ANN, TEA)
    assert refused.value.code is Code.NO_CONVERSATION
