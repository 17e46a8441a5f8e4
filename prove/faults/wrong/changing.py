"""Servers that edit, delete, react and search wrongly: what was changed is told as it was, or to people who must not
have it, or is forgotten (P2, P3, P4, P7, P10, P11, P13)."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec

from chinwag.domain import changing, decide
from chinwag.domain.command import Delete, Edit
from chinwag.domain.conversation import Conversation
from chinwag.domain.decision import Numbered, Rejected
from chinwag.domain.events import Edited, Message
from chinwag.domain.refusal import Code
from chinwag.flow import as_read, deliver
from chinwag.flow.deliver import Deliver
from chinwag.flow.search import search
from chinwag.flow.search.indexer import Indexer
from chinwag.ports.follower import Stretch
from chinwag.ports.log import Record
from prove.faults.wrong.wrong import Every, Wrong, replace

SELDOM: Final = 5

Decided = Callable[..., Any]


def _rule(action: type, by: Callable[[Decided], Decided]) -> None:
    """Put `by(what stood there)` in the place of the rule of an action."""
    replace(decide, "_RULES", lambda rules: {**rules, action: by(rules[action])})


def _edited_by_anybody() -> None:
    def wrapped(plain: Decided) -> Decided:
        def edit(state: Any, command: Any, action: Any, position: Any, predecessor: Any, facts: Any) -> Any:
            if facts.target is not None:
                facts = msgspec.structs.replace(
                    facts, target=msgspec.structs.replace(facts.target, author=command.account)
                )
            return plain(state, command, action, position, predecessor, facts)

        return edit

    _rule(Edit, wrapped)


def _earlier_edit_kept() -> None:
    replace(changing, "_earlier", lambda _: lambda *_: ())


def _deleted_text_kept() -> None:
    """The event says that it is deleted, and the row says what it said."""

    def wrapped(plain: Decided) -> Decided:
        def delete(*given: Any) -> Numbered:
            placed: Numbered = plain(*given)
            kept = tuple(one for one in placed.rewrites if not isinstance(one.event, Message))
            return msgspec.structs.replace(placed, rewrites=kept)

        return delete

    _rule(Delete, wrapped)


def _deletion_untold() -> None:
    """To one member in each group or pair: also its devices hold the text."""

    def wrapped(plain: Decided) -> Decided:
        def delete(*given: Any) -> Numbered:
            placed: Numbered = plain(*given)
            return msgspec.structs.replace(placed, audience=placed.audience[:-1])

        return delete

    _rule(Delete, wrapped)


def _edit_told_to_all() -> None:
    def wrapped(plain: Decided) -> Decided:
        def edit(state: Any, command: Any, action: Any, *more: Any) -> Numbered:
            placed: Numbered = plain(state, command, action, *more)
            assert isinstance(placed.event, Edited)
            event = msgspec.structs.replace(placed.event, body=action.body)
            return msgspec.structs.replace(placed, event=event)

        return edit

    _rule(Edit, wrapped)


def _edit_shown_to_the_gone() -> None:
    replace(as_read, "covered", lambda _: lambda *_: True)


def _edit_order_ignored() -> None:
    seldom = Every(SELDOM)

    def wrapped(plain: Decided) -> Decided:
        def decided(state: Conversation | None, command: Any, *more: Any) -> Any:
            if not isinstance(command.action, Edit):
                return plain(state, command, *more)
            if command.action.after is not None and seldom():
                return Rejected(Code.UNAVAILABLE, "refused now and then, as a server may")
            action = msgspec.structs.replace(command.action, after=None)
            return plain(state, msgspec.structs.replace(command, action=action), *more)

        return decided

    replace(deliver, "decide", wrapped)


def _reaction_lost_on_replay() -> None:
    """What the log holds from before a start, or from before a commit that failed, is decided again without its rows of
    reactions."""
    began = time.time_ns() // 1_000_000
    failed: dict[Deliver, Any] = {}

    def noting(plain: Callable[..., None]) -> Callable[..., None]:
        def _failed(self: Deliver, records: Sequence[Record]) -> None:
            failed[self] = records[-1].position
            plain(self, records)

        return _failed

    def losing(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def _decide(self: Deliver, records: Sequence[Record]) -> Any:
            decided = await plain(self, records)
            first = records[0]
            if first.at < began or (self in failed and first.position <= failed[self]):
                for commit in decided.commits:
                    commit.reactions.clear()
            return decided

        return _decide

    replace(Deliver, "_failed", noting)
    replace(Deliver, "_decide", losing)


def _mention_kept() -> None:
    def wrapped(plain: Decided) -> Decided:
        def delete(*given: Any) -> Numbered:
            placed: Numbered = plain(*given)
            return msgspec.structs.replace(placed, mentions=())

        return delete

    _rule(Delete, wrapped)


def _search_unchecked() -> None:
    replace(search, "_reads", lambda _: lambda *_: True)


def _search_passes_over() -> None:
    """Whoever follows keeps its place and not all that it read: of five messages one is lost."""
    seldom = Every(SELDOM)

    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def _pieces(self: Indexer, stretches: Sequence[Stretch]) -> AsyncIterator[Any]:
            async for rows in plain(self, stretches):
                yield [row for row in rows if not seldom()]

        return _pieces

    replace(Indexer, "_pieces", wrapped)


CHANGING: Final = (
    Wrong("edited-by-anybody", ("P2",), "a member may edit what another said", _edited_by_anybody, "edits"),
    Wrong(
        "edit-order-ignored",
        ("P4",),
        "an edit in 5 is refused for a while, and what follows it is placed",
        _edit_order_ignored,
        "several edits in flight",
    ),
    Wrong("earlier-edit-kept", ("P13",), "the event of an earlier edit keeps its text", _earlier_edit_kept, "edits"),
    Wrong("deleted-text-kept", ("P13",), "a deletion leaves the row as it was", _deleted_text_kept, "deletions"),
    Wrong(
        "deletion-untold",
        ("P13", "P5", "P8"),
        "a deletion is not posted to one member",
        _deletion_untold,
        "deletions",
    ),
    Wrong(
        "edit-told-to-all",
        ("P10",),
        "an edit is told to who came after its message",
        _edit_told_to_all,
        "members who come",
    ),
    Wrong(
        "edit-shown-to-the-gone",
        ("P10",),
        "who left or was removed reads what is written into old messages since",
        _edit_shown_to_the_gone,
        "members who go",
    ),
    Wrong(
        "reaction-lost-on-replay",
        ("P3", "P2", "P1"),
        "reactions that are decided again after a start or a failed commit leave no row",
        _reaction_lost_on_replay,
        "a full disk",
    ),
    Wrong("mention-kept", ("P11",), "what is deleted speaks to whom it spoke to", _mention_kept, "deletions"),
    Wrong("search-unchecked", ("P10",), "hits are not held against spans", _search_unchecked, "members who go"),
    Wrong("search-passes-over", ("P7",), "the search leaves out a message now and then", _search_passes_over),
)
