"""Receipts show who is there now: for members, from the moment on in which their leaving was acked not for them."""

from pathlib import Path

import pytest
from tests.support.backstage import backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Leave, Remove, Send
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.history import History


@pytest.mark.parametrize("goes", ["by itself", "removed"])
async def test_who_has_gone_sees_no_receipts_any_more(tmp_path: Path, goes: str) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people("1", "2", "3")
        group = await stage.group("1", "Chess", GroupSettings(), "2", "3")
        history = History(stage.embedded.message_store, stage.embedded.mark_store, stage.states)
        number = (await stage.do("2", group, Send(Text("hello")))).number
        assert await history.receipts(AccountId("2"), group, number, 500) == []
        if goes == "by itself":
            await stage.do("2", group, Leave())
        else:
            await stage.do("1", group, Remove(AccountId("2")))
        await stage.do("3", group, Send(Text("about 2")))
        with pytest.raises(Refused) as refused:
            await history.receipts(AccountId("2"), group, number, 500)
        assert refused.value.code is Code.NOT_MEMBER
