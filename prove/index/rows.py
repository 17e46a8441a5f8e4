"""What stands at a number of a conversation, as anybody read it."""

import msgspec

from prove.index.sends import Send


class Row(msgspec.Struct, gc=False, frozen=True):
    """What stands at a number. change: of a notice its kind, "" of a message. text: also of a reaction or a pin.
    history: as of a `SeenNotice`. send: what it came of, by its key."""

    ordinal: int
    sender: str
    device: str
    id: str
    text: str
    change: str
    subjects: tuple[str, ...]
    history: str
    send: Send | None

    def __str__(self) -> str:
        change = f"{self.change} {self.text}".strip()
        what = f"{change} {', '.join(self.subjects)}".strip() if self.change else repr(self.text[:60])
        return f"{what} ({self.id} of {self.device}, by {self.sender}, ordinal {self.ordinal})"
