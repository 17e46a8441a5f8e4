"""Right runs as lists of facts: one with a bit of everything, and random ones."""

from typing import Any

from hypothesis import strategies as st
from prove.facts import AnyFact, Run
from prove.record import VERSION
from prove.right.run import RightRun
from prove.right.values import Phone, Place

FIRST = Run(VERSION, 1, "made up")


def rich() -> list[AnyFact]:
    """Ann (phone, laptop, and a tablet that is revoked), Ben, Cem and Dot; a direct conversation and a group, in which
    people come, go and come again; marks, sleepers, a fault, a reset."""
    facts: list[AnyFact] = [FIRST]
    run = RightRun(facts.append)
    run.keep_reads("cem")
    ann, laptop, tablet = (run.phone(f"ann-{what}", "ann") for what in ("phone", "laptop", "tablet"))
    ben, cem, dot = (run.phone(f"{who}-phone", who) for who in ("ben", "cem", "dot"))
    for phone in (ann, tablet, ben, cem, dot):
        run.cold_load(phone)
        run.connect(phone, "stream" if phone is cem else "socket")
    talk = run.direct("ann", "ben")
    _talk(run, ann, ben, talk)
    run.connect(laptop)
    tea = run.group(ann, ("ben", "cem"), "joined")
    for turn in range(3):
        run.send(cem, tea, f"cem {turn}")
        run.send(ann, tea, f"ann {turn}")
    run.change(ann, tea, "joined", "dot")
    run.change(ann, tea, "role", "ben")
    run.send(dot, tea, "here I am")
    run.change(ben, tea, "removed", "cem")
    run.reuse(run.send(ann, tea, "cem is out"))
    run.refuse(run.attempt(cem, tea, "let me in"), "not_member", retryable=False)
    run.change(ann, tea, "settings", history="all")
    run.disconnect(dot)
    run.change(ann, tea, "title")
    run.trim("dot")
    run.change(ann, tea, "joined", "cem")
    run.connect(dot)
    run.change(dot, tea, "left", "dot")
    run.refuse(run.attempt(dot, tea, "one more thing"), "not_member", retryable=False)
    run.mark("ben", tea, "delivered", 4)
    run.mark("ben", tea, "read", 4)
    run.mark("ben", tea, "read", 9)
    run.send(ann, tea, "have you read it?")
    run.ask_marks("ann", tea, "ben")
    run.ask_marks("ann", tea, "ben")
    run.mark("cem", tea, "read", 12)
    for reader in ("cem", "ann"):
        run.ask_marks(reader, tea, "cem")
    run.ask_marks("cem", tea, "ben")
    run.account_change("ann", 2)
    run.attempt(tablet, talk, "nobody answers this")
    run.revoke(tablet)
    run.fault("kill", "after the commit")
    run.connect(ann)
    run.connect(ben, cursor=ben.position - 2)
    run.send(ben, talk, "still there?")
    run.probe(run.send(ann, talk, "yes"), "ben")
    _change_what_was_said(run, ann, ben, talk)
    _react_pin_and_name(run, ann, ben, tea)
    run.finish()
    return facts


def _react_pin_and_name(run: RightRun, ann: Phone, ben: Phone, tea: Place) -> None:
    """A reaction is put on, asked for again, taken back and put on once more, and goes with its message; somebody is
    named, and then is not any longer."""
    party = run.send(ann, tea, "cake at four", "ben", "dot")
    assert party.event is not None
    number = party.event.number
    for phone, text in ((ann, "+👍"), (ben, "+👍"), (ben, "+🎉"), (ben, "-🎉"), (ann, "+👍"), (ben, "-🎉")):
        run.switch(phone, tea, "reaction", number, text)
    for text in ("+", "+", "-", "+"):
        run.switch(ann, tea, "pinned", number, text)
    gone = run.send(ben, tea, "no cake", "ann")
    assert gone.event is not None
    run.switch(ann, tea, "reaction", gone.event.number, "+👎")
    run.switch(ben, tea, "pinned", gone.event.number, "+")
    run.delete(ben, tea, gone.event.number)
    late = run.send(ben, tea, "who?", "ben")
    assert late.event is not None
    run.edit(ben, tea, late.event.number, "who brings it?", mentions=("ann",))
    run.edit(ben, tea, run.send(ben, tea, "ann, cups?", "ann").event.number, "cups?")  # type: ignore[union-attr]


def _change_what_was_said(run: RightRun, ann: Phone, ben: Phone, talk: Place) -> None:
    """Edited twice, deleted, edited behind the back of who is out and above who came later; looked for."""
    slip = run.send(ann, talk, "a slipp of the pen")
    assert slip.event is not None
    for where in ("page", "last"):
        run.ask(where, "ben", talk, slip.event.number)
    first = run.edit(ann, talk, slip.event.number, "a slip of teh pen")
    run.ask("changes", "ben", talk, slip.event.number)
    run.edit(ann, talk, slip.event.number, "a slip of the pen", first)
    secret = run.send(ben, talk, "my password")
    assert secret.event is not None
    run.edit(ben, talk, secret.event.number, "my real password")
    run.delete(ben, talk, secret.event.number)
    run.reuse(slip, "")
    run.reuse(first, "")
    late = run.group(ann, ("ben", "cem"))
    said = run.send(ann, late, "said to all")
    assert said.event is not None
    run.edit(ann, late, said.event.number, "said to all of you")
    run.change(ann, late, "removed", "cem")
    run.edit(ann, late, said.event.number, "said behind the back of cem")
    run.change(ann, late, "settings", history="joined")
    run.change(ann, late, "joined", "dot")
    run.edit(ann, late, said.event.number, "said above the head of dot")
    run.ask("search", "ben", late, said.event.number)
    gone = run.send(ben, late, "nobody needs this")
    assert gone.event is not None
    run.disconnect(ben)
    run.delete(ann, late, gone.event.number)
    run.connect(ben)
    run.words = ("pen", "password", "said", "hello")


def _talk(run: RightRun, ann: Phone, ben: Phone, talk: Place) -> None:
    """Several in flight, refused and tried again, acked twice; refused for ever, twice; placed and never acked."""
    first = run.attempt(ann, talk, "one")
    second = run.attempt(ann, talk, "two", first)
    run.place(first)
    run.place(second)
    run.ack(second)
    run.ack(first)
    run.retry(first)
    run.ack(first)
    run.send(ben, talk, "hello")
    late = run.attempt(ann, talk, "too much")
    run.refuse(late, "rate_limited", retryable=True)
    run.send(ann, talk, "meanwhile")
    run.retry(late)
    run.place(late)
    run.ack(late)
    never = run.attempt(ann, talk, "to nothing")
    run.refuse(never, "bad_reply", retryable=False)
    run.retry(never)
    run.refuse(never, "bad_reply", retryable=False)
    cut = run.attempt(ben, talk, "cut off")
    run.place(cut)
    run.disconnect(ben)
    run.send(ann, talk, "are you there?")
    run.connect(ben)
    run.retry(cut)
    run.ack(cut)


PEOPLE = ("ann", "ben", "cem")


@st.composite
def random_runs(draw: st.DrawFn) -> list[AnyFact]:
    """Three people with up to two devices each do what comes to their minds."""
    facts: list[AnyFact] = [FIRST]
    run = RightRun(facts.append)
    run.words = ("first", "second")
    phones = []
    for account in PEOPLE:
        for turn in range(draw(st.integers(1, 2))):
            phone = run.phone(f"{account}-{turn}", account)
            phones.append(phone)
            if draw(st.booleans()) or turn == 0:
                run.cold_load(phone)
            run.connect(phone)
    places = [run.direct("ann", "ben"), run.group(phones[0], ("ben",), draw(st.sampled_from(["all", "joined"])))]
    run.send(phones[0], places[0], "first")
    for _ in range(draw(st.integers(0, 25))):
        _act(draw, run, draw(st.sampled_from(phones)), places)
    run.finish()
    return facts


def _act(draw: st.DrawFn, run: RightRun, phone: Phone, places: list[Place]) -> None:
    inside = [place for place in places if phone.account in place.members]
    place = draw(st.sampled_from(inside)) if inside else None
    acts = ["send", "burst", "later", "sleep", "mark", "change", "account", "fault", "trim", "edit", "delete", "react"]
    act: Any = draw(st.sampled_from(acts))
    if act == "sleep" and phone.session:
        run.disconnect(phone)
    elif not phone.session:
        run.connect(phone, cursor=draw(st.integers(0, phone.position)))
    elif act == "account":
        run.account_change(phone.account, 1)
    elif act == "fault":
        run.fault()
    elif act == "trim":
        run.trim(phone.account)
    elif place is None:
        run.change(phone, places[1], "joined", phone.account)
    elif act == "send":
        run.send(phone, place, draw(st.text(max_size=5)), *draw(st.sets(st.sampled_from(PEOPLE), max_size=2)))
    elif act == "burst":
        first = run.attempt(phone, place, "first of two")
        second = run.attempt(phone, place, "second of two", first)
        for sent in (first, second):
            run.place(sent)
        for sent in draw(st.permutations([first, second, first])):
            run.ack(sent)
    elif act == "later":
        sent = run.attempt(phone, place, "in the end")
        run.refuse(sent, "unavailable", retryable=True)
        run.send(phone, place, "in between")
        run.retry(sent)
        run.place(sent)
        run.ack(sent)
        run.probe(sent, phone.account)
    elif act == "mark" and place.events:
        run.mark(
            phone.account, place, draw(st.sampled_from(["read", "delivered"])), draw(st.integers(1, len(place.events)))
        )
        run.ask_marks(phone.account, place, phone.account)
    elif act == "react":
        said = [one.number for one in place.readable(phone.account) if not one.change and one.text]
        if said:
            texts = [(kind, sign + what) for kind, what in (("reaction", "👍"), ("pinned", "")) for sign in "+-"]
            kind, text = draw(st.sampled_from(texts))
            run.switch(phone, place, kind, draw(st.sampled_from(said)), text)  # type: ignore[arg-type]
    elif act in ("edit", "delete"):
        own = [one for one in place.readable(phone.account) if not one.change and one.sender == phone.account]
        if own and (message := draw(st.sampled_from(own))).text:
            if act == "edit":
                run.edit(phone, place, message.number, draw(st.text(min_size=1, max_size=5)))
            else:
                run.delete(phone, place, message.number)
            run.ask("changes", phone.account, place, message.number)
    elif act == "change" and place is places[1]:
        others = [account for account in PEOPLE if account != phone.account]
        other = draw(st.sampled_from(others))
        run.change(phone, place, "removed" if other in place.members else "joined", other)
