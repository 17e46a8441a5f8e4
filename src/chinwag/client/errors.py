"""What can go wrong for a client, in one family."""

from chinwag.wire.errors import Problem
from chinwag.wire.frames import Error


class ApiError(Exception):
    """The server refused, or could not be asked.

    code: of the catalogue in `chinwag.wire.errors`, or `unreachable`. retryable: the same again may succeed.
    retry_after: seconds to wait before that, where the server said so.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after


class Unreachable(ApiError):  # noqa: N818
    """No answer came: the server is not there, or the way to it is broken. A retry may help."""

    def __init__(self, message: str) -> None:
        super().__init__("unreachable", message, retryable=True)


class LoggedOut(ApiError):  # noqa: N818
    """This device's session is over for good: log in again."""


class ClientClosed(Exception):  # noqa: N818 - says what is so
    """The client was closed before the answer came. What is in an outbox on disk goes out when it is opened again."""


class OutboxFull(Exception):  # noqa: N818
    """As many sends wait as the outbox holds."""


class StoreInUse(Exception):  # noqa: N818
    """Another process has this store open: two of them would be one device twice."""


class StoreDamaged(ValueError):  # noqa: N818
    """A file of the store is not one that this version can read. Moved away, it takes along what is unsent in it."""


def of_problem(problem: Problem) -> ApiError:
    """The exception of a problem document."""
    message = f"{problem.title} ({problem.detail})" if problem.detail else problem.title
    return ApiError(problem.code, message, retryable=problem.retryable, retry_after=problem.retry_after)


def of_error(error: Error) -> ApiError:
    """The exception of an `error` frame."""
    return ApiError(error.code, error.message, retryable=error.retryable, retry_after=error.retry_after)
