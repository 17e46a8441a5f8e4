"""What an operator is told of pictures, videos and files."""

import msgspec


class MediaStatus(msgspec.Struct, frozen=True, kw_only=True):
    """files, bytes: what is kept of them, each content once. dying: how many of them are being deleted. shown: messages
    that show one. unfinished: uploads that are not ready. read_at: up to when it is known what messages show, in
    milliseconds since 1970; 0: not yet, and nothing goes until it is."""

    files: int
    bytes: int
    dying: int
    shown: int
    unfinished: int
    read_at: int
