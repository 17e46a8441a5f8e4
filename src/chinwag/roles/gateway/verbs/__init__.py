"""What a welcomed client may say: one file a verb, and this table of them."""

from collections.abc import Mapping
from typing import Final

from chinwag.roles.gateway.verbs.change import change
from chinwag.roles.gateway.verbs.delete import delete
from chinwag.roles.gateway.verbs.edit import edit
from chinwag.roles.gateway.verbs.follow import follow, unfollow
from chinwag.roles.gateway.verbs.hello import hello_again
from chinwag.roles.gateway.verbs.ping import ping
from chinwag.roles.gateway.verbs.react import react
from chinwag.roles.gateway.verbs.read import read
from chinwag.roles.gateway.verbs.received import received
from chinwag.roles.gateway.verbs.send import send
from chinwag.roles.gateway.verbs.speaker import Verb
from chinwag.roles.gateway.verbs.typing import typing
from chinwag.roles.gateway.verbs.watch import watch
from chinwag.wire import frames

VERBS: Final[Mapping[type, Verb]] = {
    frames.Hello: hello_again,
    frames.Send: send,
    frames.Edit: edit,
    frames.Delete: delete,
    frames.React: react,
    frames.Change: change,
    frames.Received: received,
    frames.Read: read,
    frames.Typing: typing,
    frames.Watch: watch,
    frames.Follow: follow,
    frames.Unfollow: unfollow,
    frames.Ping: ping,
}
