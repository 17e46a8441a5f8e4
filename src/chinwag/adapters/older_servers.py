"""What is said where tables would get a form that processes which run would spoil."""

from chinwag.told import Told


class OlderServersError(Told):
    """Processes of an older version serve tables that would get this one's form. They were started before, so they
    know nothing of it. found, wanted: the numbers of both forms. live: how many processes there are."""

    def __init__(self, found: int, wanted: int, live: int) -> None:
        super().__init__(
            f"the messages' tables are of schema {found} and become {wanted}, where servers of an older version would "
            f"do harm, and {live} run: stop all of them, then run `chinwag cluster init` again (one that was killed "
            "counts for some seconds more)"
        )
