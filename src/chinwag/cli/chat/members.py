"""Who is in the open conversation, who may be a hundred thousand: page by page, or looked for by name."""

from chinwag.cli.chat import meant
from chinwag.cli.chat.group_settings import more_room
from chinwag.cli.chat.meant import UsageProblem
from chinwag.cli.chat.room import Room
from chinwag.client import ApiError
from chinwag.wire.values import Role


async def add(room: Room, words: list[str]) -> None:
    """Add people. Whoever finds the group full is told what lets it have more."""
    for name in meant.given(words, "/add NAME…"):
        here, account = meant.here(room), await meant.account(room, name)
        try:
            await room.client.add(here, account)
        except ApiError as error:
            raise more_room(room, error) or error from None


async def show(room: Room, words: list[str]) -> None:
    """The first members, more of them after those, or those of a name."""
    here, wanted = meant.here(room), " ".join(words)
    after = None
    if wanted and wanted != "more":
        found = await room.client.search_members(here, wanted)
    else:
        page = await room.client.members(here, _after(room, wanted))
        found, after = page.members, page.next
    await room.people.meet(one.account for one in found)
    for one in found:
        own = " (you)" if one.account == room.client.account else ""
        role = "" if one.role is Role.MEMBER else f" ({one.role})"
        room.note(f"  {room.people.name(one.account)}{own}{role}")
    if not found and after is None:
        room.note("There are no more members." if wanted in ("", "more") else "Nobody of that name is in here.")
    room.next_members = None if after is None else (here, after)
    if after is not None:
        room.note("/members more lists the next ones.")


def _after(room: Room, wanted: str) -> str | None:
    """Where the page that is asked for begins."""
    if not wanted:
        return None
    if room.next_members is None or room.next_members[0] != room.current:
        raise UsageProblem("/members lists the first ones; then /members more")
    return room.next_members[1]
