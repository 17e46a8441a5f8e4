"""The conversation at the terminal: what the screen shows of it, and what is said in it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from chinwag.cli.chat.line import Line
from chinwag.cli.chat.naming import named
from chinwag.cli.chat.people import People
from chinwag.cli.chat.screen import Screen
from chinwag.cli.chat.words import clock, content, day, is_said, people_in, preview, reactions
from chinwag.cli.clean import label
from chinwag.client import (
    ApiError,
    Client,
    ClientClosed,
    LoggedOut,
    Mirror,
    Mirrored,
    OutboxFull,
    Pending,
    Unknown,
    catch_up,
    open_large,
    recount,
)
from chinwag.wire.values import (
    AccountId,
    ConversationId,
    Message,
    Notice,
    NumberedEvent,
    SentBody,
    Text,
    direct_members,
)

HISTORY: Final = 20
COUNTED: Final = 3
"""Messages at once of which it is told how many react, at most: where everybody reacts that is each second."""


def new(held: Mirrored) -> str:
    """How much of a conversation is unread, and how much of that speaks to oneself; nothing if all is read."""
    if not held.unread:
        return ""
    return f" ({held.unread} new, {len(held.mentions)} for you)" if held.mentions else f" ({held.unread} new)"


class Room:
    """One person at one terminal. `current` is the conversation that plain lines go to; `troubles` counts what did not
    work."""

    def __init__(self, client: Client, mirror: Mirror, screen: Screen) -> None:
        self.client = client
        self.mirror = mirror
        self.screen = screen
        self.people = People(client)
        self.current: ConversationId | None = None
        self.listed: list[ConversationId] = []
        self.oldest_shown = 0
        self.troubles = 0
        self.shown: dict[ConversationId, int] = {}
        """Up to which number each conversation was shown or told of. Not the mirror's head: a conversation loaded for
        one event holds those behind it too."""
        self.next_members: tuple[ConversationId, str] | None = None
        """Of which group the members were listed last, and where the next page begins."""
        self._day = ""
        self._followed: ConversationId | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # Names

    def title(self, conversation: ConversationId) -> str:
        """How a conversation is called: the other's name, or #title."""
        pair = direct_members(conversation)
        if pair is not None:
            return self.people.name(self._other(pair))
        held = self.mirror.conversations.get(conversation)
        return "#" + label(held.title if held is not None else conversation)

    async def know(self, held: Mirrored) -> None:
        """Learn the names that showing a conversation takes."""
        pair = direct_members(held.id)
        accounts = {*held.members, *(pair or ())}
        if held.last is not None:
            accounts |= people_in(held.last)
        await self.people.meet(accounts)

    # Showing

    def note(self, text: str, style: str = "dim") -> None:
        """Something said by this program."""
        self.screen.say(Line(f"  {text}", style))

    def trouble(self, text: str) -> None:
        """Something that did not work."""
        self.troubles += 1
        self.screen.say(Line(f"! {text}", "bad"))

    async def tell_left_over(self) -> None:
        """Lines of a log-in before this one on this machine to which no answer came."""
        left = self.client.left_over()
        if not left:
            return
        self.trouble(f"{len(left)} lines of your log-in before this one had no answer. They may be sent or not:")
        for one in left:
            pair = direct_members(one.conversation)
            if pair is not None and self.client.account in pair:
                await self.people.meet(pair)
            known = one.conversation in self.mirror.conversations or (pair and self.client.account in pair)
            where = self.title(one.conversation) if known else one.conversation
            body = getattr(one.frame, "body", None)
            said = body.text if isinstance(body, Text) else "a change of the group"
            self.screen.say(Line(f"  to {where}: ").add(said, lines=True))
        self.client.forget_left_over()

    async def show_list(self) -> None:
        """All conversations, with what is unread."""
        conversations = self.mirror.by_activity()
        self.shown |= {held.id: max(held.head, self.shown.get(held.id, 0)) for held in conversations}
        self.listed = [held.id for held in conversations]
        if not conversations:
            self.note("No conversations yet. /open NAME begins one; /new TITLE NAME… begins a group; /help tells more.")
            return
        for index, held in enumerate(conversations, 1):
            await self.know(held)
            line = Line(f"{index:3} ")
            line.add(self.title(held.id), "bold" if held.unread else "")
            if held.unread:
                line.add(new(held), "good")
            if held.role is None:
                line.add(" (you are out)", "dim")
            if self.is_muted(held.id):
                line.add(" (muted)", "dim")
            if held.last is not None:
                who = self.people.name(held.last.sender) + ": " if not isinstance(held.last, Notice) else ""
                line.add(f"  {clock(held.at)} {who}{preview(held.last, self.people.name)}", "dim")
            self.screen.say(line)

    async def open(self, conversation: ConversationId) -> None:
        """Go into a conversation, which for two people need not exist yet."""
        self.current, self._day, self.oldest_shown = conversation, "", 0
        pair = direct_members(conversation)
        await self.people.meet(pair or ())
        held = self.mirror.conversations.get(conversation)
        self.screen.set_prompt(self.title(conversation))
        self.screen.say(Line(f"── {self.title(conversation)} " + "─" * 20, "bold"))
        if held is None:
            self.note("Nothing said yet: write the first line.")
            return
        self.shown[conversation] = max(held.head, self.shown.get(conversation, 0))
        if held.behind:
            await catch_up(self.mirror, self.client, conversation)
            held = self.mirror.conversations.get(conversation, held)
        await self.show_history(HISTORY)
        self.tell_size(held)
        self.follow(held)
        self.read(held)

    def tell_size(self, held: Mirrored) -> None:
        """What is otherwise in a group of so many."""
        if held.wide and held.role is not None:
            self.note(
                f"{held.member_count} members: nobody is told who reads or types here. "
                "/members lists them, /members NAME looks for some."
            )

    def follow(self, held: Mirrored) -> None:
        """Have what is said in a large group that is open, and no longer in the one before."""
        if self._followed not in (None, held.id):
            self.client.unfollow(self._followed)
        self._followed = held.id if held.large and held.role is not None else None
        open_large(self.mirror, self.client, held.id)

    def is_muted(self, conversation: ConversationId) -> bool:
        """Whether the person wants to be told of nothing there now."""
        return self.mirror.preferences(conversation).muted_until > time.time() * 1000

    def nowhere(self) -> None:
        """No conversation is open: lines go nowhere."""
        self.current = None
        self.screen.set_prompt("")

    async def show_history(self, count: int) -> None:
        """The newest events, or those before what was shown last."""
        held = self.mirror.conversations.get(self.current) if self.current is not None else None
        if held is None:
            return
        before = self.oldest_shown or held.head + 1
        events = self.mirror.cached(held.id, before, count)
        quoted: dict[int, NumberedEvent | Unknown] = {}
        if events is None:
            page = await self.client.history(held.id, before=before, limit=min(count, 100))
            events, quoted = page.events, {one.number: one for one in page.quoted}
            self.mirror.keep(held.id, events, page.head, page.turn)
        else:
            await recount(self.mirror, self.client, held.id, [event.number for event in events])
        if not events:
            self.note("That was the beginning.")
            return
        await self.people.meet({account for event in events for account in people_in(event)})
        self._day = ""
        quoted |= {event.number: event for event in events}
        for event in events:
            await self.show(held, event, quoted)
        self.oldest_shown = events[0].number

    async def show(
        self,
        held: Mirrored,
        event: NumberedEvent | Unknown,
        quoted: Mapping[int, NumberedEvent | Unknown] | None = None,
    ) -> None:
        """One event of the open conversation. quoted: messages that may be answered by it, beside the cached ones."""
        answered = await self._answered(held, event, quoted or {})
        if day(event.sent_at) != self._day:
            self._day = day(event.sent_at)
            self.note(self._day)
        if isinstance(event, Notice):
            self.screen.say(Line(f"{clock(event.sent_at)} * {content(event, self.people.name)}", "dim"))
            return
        if answered:
            self.note(answered)
        own = event.sender == self.client.account
        who, style = "you" if own else self.people.name(event.sender), "own" if own else "other"
        if not is_said(event):
            line = Line(f"{clock(event.sent_at)} * ", "dim").add(who, style).add(" ")
            self.screen.say(line.add(content(event, self.people.name), "dim", lines=True))
            return
        line = Line(f"{clock(event.sent_at)} [{event.number}] ", "dim").add(who, style).add(": ", "bold")
        line.add(content(event, self.people.name), lines=True)
        if isinstance(event, Message) and event.edited is not None:
            line.add(" (edited)", "dim")
        if own:
            line.add("  " + self._ticks(held, event.number), "good")
        known = held.reactions.get(event.number)
        if known is not None and known.on:
            line.add("  " + reactions(known.counted()), "dim")
        self.screen.say(line)

    def show_counts(self, conversation: ConversationId, numbers: Sequence[int]) -> None:
        """What is on messages of a large group now, if it is open: on those that are on the screen, the newest of
        many."""
        held = self.mirror.conversations.get(conversation)
        if held is None or conversation != self.current:
            return
        shown = sorted(one for one in numbers if one >= self.oldest_shown and one in held.messages)
        for number in shown[-COUNTED:]:
            known = held.reactions.get(number)
            on = reactions(known.counted()) if known is not None else ""
            self.note(f"[{number}] {on or 'nobody reacts any more'}")

    async def _answered(
        self, held: Mirrored, event: NumberedEvent | Unknown, quoted: Mapping[int, NumberedEvent | Unknown]
    ) -> str:
        """The message that `event` answers, as it is now, in a few words."""
        if not isinstance(event, Message) or not event.reply_to or event.deleted is not None:
            return ""
        target = held.messages.get(event.reply_to) or quoted.get(event.reply_to)
        if target is None:
            try:
                target = await self.client.message(held.id, event.reply_to)
            except LoggedOut:
                raise
            except ApiError:
                return f"↳ to [{event.reply_to}]"
        await self.people.meet(people_in(target))
        return f"↳ to [{target.number}] {self.people.name(target.sender)}: {preview(target, self.people.name)}"

    def _ticks(self, held: Mirrored, number: int) -> str:
        if held.wide:
            return "✓"  # of so many nobody is told who has it
        others = [member for account, member in held.members.items() if account != self.client.account]
        read = sum(member.read >= number for member in others)
        if read:
            return "✓✓ read" if held.kind == "direct" else f"✓✓ read by {read}"
        return "✓✓" if any(member.delivered >= number for member in others) else "✓"

    def read(self, held: Mirrored) -> None:
        """The person has it all before the eyes."""
        if held.unread and held.role is not None:
            self.client.read(held.id, held.head)

    # Saying

    def written(self, text: str) -> Text:
        """A line as a message of the open conversation, with those of it whom it names."""
        held = None if self.current is None else self.mirror.conversations.get(self.current)
        if held is None:
            return Text(text)
        there = (account for account in held.members if account != self.client.account)
        people = {self.people.name(account).removeprefix("@").casefold(): account for account in there}
        return Text(text, named(text, people, group=held.kind == "group"))

    def say(self, text: str, *, reply_to: int = 0) -> None:
        """Send a line to the open conversation. reply_to: the message that it answers."""
        if self.current is None:
            self.trouble("Open a conversation first: /open NAME (or /list to see them, /help for all commands).")
            return
        self.send(self.written(text), self.current, text, reply_to=reply_to)

    def send(self, body: SentBody, conversation: ConversationId, text: str, *, reply_to: int = 0) -> None:
        """Send a message. text: what it is called while it waits, and when it is not taken."""
        try:
            pending = self.client.post(body, conversation=conversation, reply_to=reply_to)
        except UnicodeEncodeError:
            self.trouble("Not sent: it holds half a character.")
            return
        except (OutboxFull, ValueError) as error:
            self.trouble(f"Not sent: {error}")
            return
        if not self.client.online:
            self.note(f"(waiting to be sent) {text}")
        task = asyncio.create_task(self._answer(pending, text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, pending: Pending, text: str) -> None:
        try:
            await pending.answer()
        except ApiError as error:
            self.trouble(f"Not sent: {error.message} “{text[:60]}{'…' if len(text) > 60 else ''}”")
        except ClientClosed:
            pass  # what is unsent stays in its outbox

    async def answered(self) -> None:
        """Wait until what the answers say is shown."""
        await asyncio.gather(*self._tasks)

    def _other(self, pair: tuple[AccountId, AccountId]) -> AccountId:
        return pair[1] if pair[0] == self.client.account else pair[0]
