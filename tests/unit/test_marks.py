"""Marks: cumulative, forward only, and the arithmetic of unread."""

from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.conversation import Member, Role
from chinwag.domain.ids import AccountId
from chinwag.domain.marks import NONE, Mark, Marks, later, merge, newly_covered, read_up_to, unread

# One number has one ordinal, as in a conversation where every third event is a notice.
numbers = st.integers(0, 30)


def mark(number: int, at: int = 0) -> Mark:
    return Mark(number, number - number // 3, at)


some_marks = st.builds(Marks, numbers.map(mark), numbers.map(mark))


@given(some_marks, some_marks)
def test_marks_only_move_forward(held: Marks, new: Marks) -> None:
    merged = merge(held, new)
    assert merged.read.number == max(held.read.number, new.read.number)
    assert merged.delivered.number >= max(held.delivered.number, new.delivered.number)


@given(some_marks, some_marks)
def test_what_is_read_is_delivered(held: Marks, new: Marks) -> None:
    merged = merge(merge(Marks(), held), new)
    assert merged.delivered.number >= merged.read.number


@given(st.lists(some_marks, max_size=6), st.data())
def test_order_and_copies_do_not_matter(advances: list[Marks], data: st.DataObject) -> None:
    def all_of(many: list[Marks]) -> Marks:
        held = Marks()
        for new in many:
            held = merge(held, new)
        return held

    copies = data.draw(st.lists(st.sampled_from(advances))) if advances else []
    assert all_of([*data.draw(st.permutations(advances)), *copies]) == all_of(advances)


@given(some_marks)
def test_applying_the_same_again_gives_the_same_object(new: Marks) -> None:
    held = merge(Marks(), new)
    assert merge(held, new) is held


def test_the_first_to_say_so_holds() -> None:
    """The time of a mark is when it got there, not when it was said again."""
    assert later(mark(5, at=1), mark(5, at=2)).at == 1
    assert merge(Marks(mark(5, 1), mark(5, 1)), Marks(mark(5, 2), NONE)).read.at == 1


@given(numbers, numbers, numbers, numbers)
def test_unread_counts_messages_after_the_mark(head: int, read: int, joined: int, wrote: int) -> None:
    """Against counting: of events 1 to `head`, each third is a notice."""
    read, joined, wrote = (min(number, head) for number in (read, joined, wrote))
    member = Member(Role.MEMBER, joined, mark(joined).ordinal, 1, wrote, mark(wrote).ordinal)
    messages = [number for number in range(1, head + 1) if number % 3]
    expected = len([number for number in messages if number > max(read, joined, wrote)])
    assert unread(mark(head).ordinal, mark(read), member) == expected
    assert read_up_to(mark(read), member)[0] == max(read, joined, wrote)


@given(st.lists(st.sampled_from("abc").map(AccountId), max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_newly_covered_names_each_author_s_last(authors: list[AccountId], after: int, up_to: int) -> None:
    authored = list(enumerate(authors, start=1))
    covered = newly_covered(authored, after, up_to)
    for author in set(authors):
        own = [number for number, one in authored if one == author and after < number <= up_to]
        assert covered.get(author) == (max(own) if own else None)


@given(st.lists(st.sampled_from("abc").map(AccountId), max_size=20), st.tuples(numbers, numbers, numbers))
def test_covering_in_two_steps_tells_the_same_last(authors: list[AccountId], steps: tuple[int, int, int]) -> None:
    """An author who hears of each step knows in the end what one step would have told."""
    authored = list(enumerate(authors, start=1))
    first, second, third = sorted(steps)
    in_two = newly_covered(authored, first, second) | newly_covered(authored, second, third)
    assert in_two == newly_covered(authored, first, third)
