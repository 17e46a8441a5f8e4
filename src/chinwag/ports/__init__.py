"""What the flow needs of the outside, as protocols with normative docstrings. `Ports` names them all."""

from collections.abc import Sequence

import msgspec

from chinwag.ports.allowances import Allowances
from chinwag.ports.bus import Bus
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox
from chinwag.ports.key_store import KeyStore
from chinwag.ports.log import Log
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.media_store import MediaStore
from chinwag.ports.message_store import MessageStore
from chinwag.ports.questions import Questions
from chinwag.ports.registry import Registry
from chinwag.ports.scrub import Scrub, TextScrub
from chinwag.ports.search_index import SearchIndex
from chinwag.ports.shown_people import ShownPeople
from chinwag.ports.upload_store import UploadStore

__all__ = ["Ports"]


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Every port of one process, whatever the adapters. scrubs: the stores, each with its files. text_scrub: the one of
    the messages."""

    log: Log
    message_store: MessageStore
    mark_store: MarkStore
    inbox: Inbox
    directory: Directory
    media_store: MediaStore
    key_store: KeyStore
    allowances: Allowances
    shown_people: ShownPeople
    bus: Bus
    registry: Registry
    questions: Questions
    search_index: SearchIndex
    upload_store: UploadStore
    scrubs: Sequence[Scrub]
    text_scrub: TextScrub
