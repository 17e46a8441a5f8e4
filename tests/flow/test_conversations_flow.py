"""Views of conversations: what who is out sees, and reads between which somebody comes or goes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.backstage import Backstage, backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Add, Leave, Remove, Send, SetSettings, SetTitle
from chinwag.domain.conversation import Conversation, GroupSettings
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.views import ConversationView
from chinwag.flow.conversations import Conversations

ANNA, BERTA = "1", "2"


class Between:
    """A message store in which something happens between the reading of spans and that of states, once."""

    def __init__(self, stage: Backstage, conversation: ConversationId, account: str, *actions: Any) -> None:
        self._stage = stage
        self._conversation = conversation
        self._account = account
        self._actions = list(actions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage.embedded.message_store, name)

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        while self._actions:
            await self._stage.do(self._account, self._conversation, self._actions.pop(0))
        return await self._stage.embedded.message_store.states(conversations)


def _views(stage: Backstage, store: Any = None) -> Conversations:
    return Conversations(store or stage.embedded.message_store, stage.embedded.mark_store, stage.embedded.inbox)


async def _seen(views: Conversations, account: str, conversation: ConversationId) -> ConversationView:
    view = await views.view(AccountId(account), conversation)
    (listed,) = (await views.page(AccountId(account), None, 10)).conversations
    assert listed == view
    return view


async def test_who_is_out_sees_the_group_as_it_was(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA)
        before = GroupSettings(join="open", description="for tea")
        tea = await stage.group(ANNA, "Tea", before, BERTA)
        await stage.do(BERTA, tea, Leave())
        left = await _seen(_views(stage), BERTA, tea)
        await stage.do(ANNA, tea, SetTitle("No more tea"))
        await stage.do(ANNA, tea, SetSettings(GroupSettings(description="secret")))
        await stage.do(ANNA, tea, Send(Text("they are gone")))
        assert await _seen(_views(stage), BERTA, tea) == left
        assert (left.settings, left.title, left.head, left.role, left.members) == (before, "Tea", 2, None, [])


async def test_a_removal_between_two_reads(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA)
        tea = await stage.group(ANNA, "Tea", GroupSettings(), BERTA)
        remove = Remove(AccountId(BERTA))
        view = await _views(stage, Between(stage, tea, ANNA, remove)).view(AccountId(BERTA), tea)
        assert (view.role, view.head) == (None, 2)
        await stage.do(ANNA, tea, Add(AccountId(BERTA)))
        between = Between(stage, tea, ANNA, remove, SetTitle("No more tea"))
        (listed,) = (await _views(stage, between).page(AccountId(BERTA), None, 10)).conversations
        assert (listed.role, listed.head, listed.title) == (None, 4, "Tea")


async def test_coming_back_between_two_reads(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANNA, BERTA)
        tea = await stage.group(ANNA, "Tea", GroupSettings(), BERTA)
        await stage.do(BERTA, tea, Leave())
        view = await _views(stage, Between(stage, tea, ANNA, Add(AccountId(BERTA)))).view(AccountId(BERTA), tea)
        assert (view.role, view.head, len(view.members)) == ("member", 3, 2)
