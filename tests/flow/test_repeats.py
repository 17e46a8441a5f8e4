"""A command without an answer is appended again: when, how often, and when not."""

from collections.abc import Callable, Iterable, Sequence

import pytest

from chinwag.adapters.embedded.log import EmbeddedLog
from chinwag.domain.body import Text
from chinwag.domain.command import Command, Send
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.answers import ANSWER_SECONDS, Answered
from chinwag.flow.repeats import LEAST, SHARE, WINDOW_SECONDS, Repeats
from chinwag.ports.bus import Answer, Answers, NodeId, Publication, Subject
from chinwag.ports.log import Submission, partition_of
from chinwag.ports.message_store import KeyName

NODE = NodeId("here")


class FarLog(EmbeddedLog):
    """A log whose workers are elsewhere. It keeps what it is given, and holds what the test says."""

    def __init__(self) -> None:
        super().__init__(1, partitions=2)
        self.taken: list[Submission] = []
        self.in_hand: list[Submission] = []
        self.full = False
        self.new_owner: Callable[[int], None]

    def append(self, submission: Submission) -> None:
        if self.full:
            raise Refused(Code.OVERLOADED)
        self.taken.append(submission)

    def held(self, partition: int) -> Iterable[Submission]:
        return self.in_hand

    def on_new_owner(self, handler: Callable[[int], None]) -> None:
        self.new_owner = handler


class QuietBus:
    """A Bus on which nothing comes but what the test says."""

    def __init__(self) -> None:
        self.interrupt: Callable[[], None]
        self.hear: Callable[[Publication], None]

    def publish(self, subject: Subject, publication: Publication) -> None:
        raise AssertionError

    def subscribe(self, subject: Subject, handler: Callable[[Publication], None]) -> Callable[[], None]:
        self.hear = handler
        return lambda: None

    def on_interruption(self, handler: Callable[[], None]) -> None:
        self.interrupt = handler


class Place:
    """Somebody who waits, on a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log = FarLog()
        self.bus = QuietBus()
        self.told: list[tuple[str, Code | None]] = []
        self.answered = Answered[str](self.log, self.bus, NODE, self._tell, now=lambda: self.now)
        self.answered.listen()

    def _tell(self, waiter: str, answer: Answer) -> None:
        self.told.append((waiter, answer.refused))

    def send(self, name: str, conversation: str = "g~1", text: str = "x") -> None:
        action = Send(Text(text))
        command = Command(ConversationId(conversation), AccountId("1"), DeviceId("d"), ClientId(name), 1, action)
        self.answered.append(command, name)

    def answer(self, submission: Submission, refused: Code | None = None) -> None:
        command = submission.command
        name = KeyName(command.conversation, command.device, command.id)
        self.bus.hear(Answers([Answer(submission.ref, name, 1, refused=refused)]))

    def repeats(self) -> list[str]:
        """What was appended again since the last look."""
        again = [one.command.id for one in self.log.taken if one.again]
        self.log.taken.clear()
        return [str(one) for one in again]

    def at(self, seconds: float) -> list[str]:
        """It is so late now, and the sweep has gone round: what was appended again."""
        self.now = seconds
        self.answered.sweep()
        return self.repeats()


def test_it_goes_again_two_four_and_eight_seconds_after_the_last_time_and_is_given_up_then() -> None:
    place = Place()
    place.send("a")
    first = place.log.taken[0]
    seconds = range(1, 40)
    assert [second for second in seconds if place.at(second) == ["a"]] == [2, 6, 14]
    assert place.told == [("a", Code.UNAVAILABLE)]
    place.answer(first)
    assert place.told == [("a", Code.UNAVAILABLE)], "nobody waits any more"
    assert place.answered.repeated == 3


def test_a_repeat_is_the_same_command_under_the_same_name() -> None:
    place = Place()
    place.send("a")
    first = place.log.taken[0]
    place.now = 2.0
    place.answered.sweep()
    second = place.log.taken[1]
    assert (second.command, second.node, second.ref) == (first.command, first.node, first.ref)
    assert (first.again, second.again) == (False, True)
    place.answer(second)
    place.answer(first)
    assert place.told == [("a", None)]
    place.repeats()
    assert place.at(10.0) == []


def test_what_the_log_still_has_in_hand_waits_for_it_to_leave() -> None:
    place = Place()
    place.send("a")
    place.send("b")
    place.log.in_hand = [place.log.taken[0]]
    assert place.at(2.0) == ["b"]
    assert place.at(5.0) == []
    place.log.in_hand = []
    assert place.at(5.5) == ["a"]
    # What another node holds is not ours, whatever its number is.
    place.log.in_hand = [Submission(place.answered.waiting[1][2].command, NodeId("other"), 1)]
    assert sorted(place.at(12.0)) == ["a", "b"]


def test_after_an_interruption_all_go_at_once_in_their_order() -> None:
    place = Place()
    for name in ("a", "b", "c"):
        place.send(name)
    place.answer(place.log.taken[1])
    place.repeats()
    place.now = 0.25
    place.bus.interrupt()
    assert place.repeats() == ["a", "c"]
    assert place.at(2.0) == [], "two seconds after the last time"
    assert place.at(2.25) == ["a", "c"]
    assert place.at(6.25) == ["a", "c"]


def test_a_new_owner_gets_what_was_appended_to_its_partition() -> None:
    place = Place()
    conversations = [f"g~{number}" for number in range(8)]
    for conversation in conversations:
        place.send(conversation, conversation)
    place.repeats()
    place.log.new_owner(1)
    assert place.repeats() == [one for one in conversations if partition_of(ConversationId(one), 2) == 1]


def test_a_log_that_is_full_or_closed_stops_the_repeats_and_no_more() -> None:
    place = Place()
    place.send("a")
    place.repeats()
    place.log.full = True
    assert place.at(2.0) == []
    place.log.full = False
    assert place.at(3.0) == ["a"]


def test_an_answer_to_another_command_of_the_same_number_reaches_nobody() -> None:
    place = Place()
    place.send("a")
    own = place.log.taken[0].command
    for other in (
        KeyName(own.conversation, own.device, ClientId("b")),
        KeyName(own.conversation, DeviceId("e"), own.id),
        KeyName(ConversationId("g~2"), own.device, own.id),
    ):
        place.bus.hear(Answers([Answer(1, other, 7)]))
    assert place.told == []
    place.answer(place.log.taken[0])
    assert place.told == [("a", None)]


@pytest.mark.parametrize("appended", [1, 100, 5_000])
def test_no_more_than_a_tenth_of_what_a_partition_gets_are_repeats(appended: int) -> None:
    place = Place()
    for number in range(appended):
        place.send(str(number))
    place.repeats()
    repeated: Sequence[str] = []
    for second in range(1, 20):
        place.bus.interrupt()
        repeated = [*repeated, *place.at(second)]
    most = max(LEAST, (appended + len(repeated)) // SHARE)
    assert 0 < len(repeated) <= most
    if appended > 1:
        assert len(repeated) == most
        assert repeated[0] == "0", "the oldest first"


def test_repeats_are_counted_over_two_windows_and_for_each_partition() -> None:
    repeats = Repeats(2, 0.0)
    assert sum(repeats.take(0) for _ in range(100)) == LEAST
    assert repeats.take(1)
    repeats.at(WINDOW_SECONDS)
    assert not repeats.take(0), "what was repeated a moment ago still counts"
    repeats.at(2 * WINDOW_SECONDS)
    assert repeats.take(0)
    repeats.at(100 * WINDOW_SECONDS)
    repeats.appended[0] = 900
    assert sum(repeats.take(0) for _ in range(1000)) == 100


def test_long_texts_that_wait_are_summed_up_until_they_are_answered() -> None:
    place = Place()
    place.send("short", text="x" * 999)
    place.send("long", text="x" * 1_000)
    place.send("longer", text="x" * 99_999)
    assert place.answered.characters == 100_999
    place.answer(place.log.taken[2])
    assert place.answered.characters == 1_000
    place.now = ANSWER_SECONDS
    place.answered.sweep()
    assert place.answered.characters == 0
    assert not place.answered.waiting
