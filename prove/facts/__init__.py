"""What happened in a run, as facts: one line of JSON each, in a file that is only ever appended to (`prove.record`).

Whoever drives a run writes each fact at the moment it says, from one thread, so that the order of the lines is the
order in which the driver saw things. A run that breaks off leaves a record that ends early and is still a record.

Three times: `at` is always the driver's own monotonic clock in milliseconds; a server's `sent_at` may jump; nothing
is sorted by either. Names (devices, accounts, conversations, ids) are those of the wire. Sessions are numbered by the
driver, 1, 2, 3 … over the whole run, also those of polls and streams, which have none on the wire: one session is one
unbroken reading of an inbox from a cursor. 0 stands for no session (a request of its own).

In a record of a whole run stand, in this order:

1. `Run`, once.
2. While it runs: what was tried (`Attempt`, `ChangeTried`, `Retry`) before the frame is written, what came back
   (`Acked`, `Refused`), sessions (`Began`, `Ended`), what they brought (`SeenMessage`, `SeenNotice`, `SeenMark`,
   `SeenAccount`, `FeedFrom`, `WasReset`), what was loaded (`ColdLoaded`, `Loaded`, `MarkNow`, `ReactionsNow`),
   what was asked on purpose (`Probed`, `Told`, `Revoked`, `TokenTried`), what was done with media and pushed
   (`prove/facts/media.py`), and what was done to the server (`Fault`, `Up`). At its end, of groups that are large, a
   `State` of each device beside what it loads afresh, and `ReactionsListed`.
3. When all sends are answered and all devices are at their heads: `Quiet`, then `PresenceNow`, `State` and, for each
   account, the histories of all its conversations, each closed by `HistoryEnd`, the newest pages of each (`Paged`,
   `ReactionsNow`), what speaks to it (`MentionsNow`), what its devices hold (`Kept`), what it finds (`Searched`), and
   its whole inbox, closed by `InboxEnd`: read afresh, over HTTP, by whoever drives.
"""

from prove.facts.asked import (
    ColdLoaded,
    Fault,
    Loaded,
    MarkNow,
    MentionsNow,
    Probed,
    ReactionsListed,
    ReactionsNow,
    Revoked,
    TokenTried,
    Told,
    Up,
)
from prove.facts.end import (
    HistoryEnd,
    HistoryMessage,
    HistoryNotice,
    InboxEnd,
    InboxRow,
    Kept,
    Paged,
    PresenceNow,
    Quiet,
    Searched,
    State,
)
from prove.facts.media import (
    Deleted,
    HasRead,
    MediaAsked,
    Membership,
    Pushed,
    PushesWaited,
    Sent,
    Subscribed,
)
from prove.facts.seen import (
    WITHHELD,
    Began,
    Ended,
    FeedFrom,
    SeenAccount,
    SeenMark,
    SeenMessage,
    SeenNotice,
    Transport,
    WasReset,
)
from prove.facts.tried import (
    Acked,
    Attempt,
    ChangeTried,
    Keeps,
    Refused,
    Retry,
    Reused,
    Run,
)

AnyFact = (
    Run
    | Attempt
    | ChangeTried
    | Retry
    | Reused
    | Acked
    | Refused
    | Began
    | Ended
    | FeedFrom
    | SeenMessage
    | SeenNotice
    | SeenMark
    | SeenAccount
    | WasReset
    | ColdLoaded
    | Loaded
    | MarkNow
    | ReactionsListed
    | ReactionsNow
    | MentionsNow
    | Probed
    | Revoked
    | TokenTried
    | Told
    | Fault
    | Up
    | Quiet
    | PresenceNow
    | State
    | HistoryMessage
    | HistoryNotice
    | HistoryEnd
    | Paged
    | Keeps
    | Kept
    | Searched
    | InboxRow
    | InboxEnd
    | Deleted
    | HasRead
    | MediaAsked
    | Membership
    | Pushed
    | PushesWaited
    | Sent
    | Subscribed
)

__all__ = [
    "WITHHELD",
    "Acked",
    "AnyFact",
    "Attempt",
    "Began",
    "ChangeTried",
    "ColdLoaded",
    "Deleted",
    "Ended",
    "Fault",
    "FeedFrom",
    "HasRead",
    "HistoryEnd",
    "HistoryMessage",
    "HistoryNotice",
    "InboxEnd",
    "InboxRow",
    "Keeps",
    "Kept",
    "Loaded",
    "MarkNow",
    "MediaAsked",
    "Membership",
    "MentionsNow",
    "Paged",
    "PresenceNow",
    "Probed",
    "Pushed",
    "PushesWaited",
    "Quiet",
    "ReactionsListed",
    "ReactionsNow",
    "Refused",
    "Retry",
    "Reused",
    "Revoked",
    "Run",
    "Searched",
    "SeenAccount",
    "SeenMark",
    "SeenMessage",
    "SeenNotice",
    "Sent",
    "State",
    "Subscribed",
    "TokenTried",
    "Told",
    "Transport",
    "Up",
    "WasReset",
]
