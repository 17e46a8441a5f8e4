"""What a group is called, how it looks and how it works: the rules behind changes of that."""

import msgspec

from chinwag.domain import events
from chinwag.domain.body import check_description, check_title
from chinwag.domain.command import Command, SetAvatar, SetSettings, SetTitle
from chinwag.domain.conversation import SLOW_MAX, Conversation, GroupSettings, Role
from chinwag.domain.outcome import Outcome, tell
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.wide import People, member_of


def set_title(state: Conversation, command: Command, action: SetTitle, people: People) -> Outcome:
    """Rename it. Raises `Refused`, as all here."""
    _admin(state, command, people)
    check_title(action.title)
    after = msgspec.structs.replace(state, title=action.title)
    return tell(after, events.Retitled(action.title), command.account)


def set_avatar(state: Conversation, command: Command, action: SetAvatar, people: People) -> Outcome:
    """Give it another picture."""
    _admin(state, command, people)
    after = msgspec.structs.replace(state, avatar=action.avatar)
    return tell(after, events.AvatarChanged(action.avatar), command.account)


def set_settings(state: Conversation, command: Command, action: SetSettings, people: People) -> Outcome:
    """Change how it works. How large it may be is its owner's alone."""
    role = _admin(state, command, people)
    settings = action.settings
    check_settings(settings)
    if settings.large != state.settings.large and role is not Role.OWNER:
        raise Refused(Code.NOT_ALLOWED, "only its owner lets a group be large")
    opens = state.settings.history != "all" and settings.history == "all"
    # What was said before stays with those who were there: nobody can open it afterwards.
    history_from = state.head + 1 if opens else state.history_from
    after = msgspec.structs.replace(state, settings=settings, history_from=history_from)
    return tell(after, events.GroupSettingsChanged(settings), command.account)


def check_settings(settings: GroupSettings) -> None:
    """Raise `Refused` for settings that no group can have."""
    check_description(settings.description)
    if not 0 <= settings.slow <= SLOW_MAX:
        raise Refused(Code.BAD_REQUEST, f"slow is a number of seconds from 0 to {SLOW_MAX}")


def _admin(state: Conversation, command: Command, people: People) -> Role:
    """The role of the command's account, which is more than a member's."""
    member = member_of(state, command.account, people)
    if member is None:
        raise Refused(Code.NOT_MEMBER)
    if member.role is Role.MEMBER:
        raise Refused(Code.NOT_ALLOWED)
    return member.role
