"""What an operator is told of the search index."""

import msgspec


class IndexStatus(msgspec.Struct, frozen=True, kw_only=True):
    """messages: how many it knows. whole: it has been made, however far it is behind; walked: through how many
    conversations its making has gone. behind: events of the streams that are not read yet. read_at: when last all that
    there was had been read, in milliseconds since 1970; 0 for not yet."""

    messages: int
    whole: bool
    behind: int
    read_at: int
    walked: int
