"""The PushService: other people's servers, which reach devices that no connection of ours reaches."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from chinwag.domain.push_notice import PushAddress, PushNotice, PushOutcome

WAITED_SECONDS: Final = 0.25
"""How old what was weighed may be when it goes out, and not be looked at again."""
_Address = TypeVar("_Address", bound=PushAddress, contravariant=True)

Still = Callable[[], Awaitable[bool]]
"""Whether what was to be pushed is so still."""


async def always() -> bool:
    """It is, whatever happens."""
    return True


class PushService(Protocol[_Address]):
    """Hands pushes over, to addresses of one kind; or of all kinds, each by the service that knows it.

    One attempt a call: `send` repeats nothing, keeps nothing that was not handed over, and remembers of earlier calls
    only what it needs to leave a service alone that is away or refuses everybody. When to try again, and how often, is
    the caller's. Bounded: a call ends within 20 s, or 40 s where an access token has to be had first, and reads at most
    64 KB of an answer. Many calls may run at once; those to one host wait for nobody who is asked at another.

    Guarantee: `Delivered` means that the service has said so. A push whose answer was lost is `Failed`, and may have
    been handed over: the second one replaces it by its `tag`.

    Privacy: a browser's push service can open nothing of a push; those of apps read what `title`, `sender` and `text`
    say, so these are empty unless the account chose otherwise. No address, key, token or text is ever in a log line.

    Failures: none is raised. All that can happen is an outcome, whose `why` is for the operator and holds nothing that
    a stranger said.
    """

    async def send(self, to: _Address, notice: PushNotice, still: Still = always) -> PushOutcome:
        """Try once to hand `notice` over. still: is asked when the connection stands, right before the push goes out,
        if that took a while (`WAITED_SECONDS`). False, and whatever it raises: nothing is sent, and the push is
        `Resting` for 0 s, as it is to be weighed anew."""
        ...

    def resting(self, to: _Address) -> float:
        """For how many seconds nothing would be sent there, as `send` would say: so nothing need be weighed. 0: it may
        be sent."""
        ...

    async def close(self) -> None:
        """Let go of all connections. Calls that still run end as `Failed`."""
        ...
