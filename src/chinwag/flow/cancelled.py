"""Whether a task was told to end, for loops that must not outlive it."""

import asyncio


def told_to_end() -> bool:
    """Whether the current task was cancelled and goes on all the same.

    What it waited for may have ended in that very moment: `asyncio.wait_for` of Python 3.11, which drivers wait with,
    then gives the result and says nothing of the cancelling. A loop that does not ask would never end.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def end_if_told(failure: BaseException) -> None:
    """Raise `failure` if the current task is to end by it. If only what the task waited for was cancelled it is a
    failure like others: whoever serves many must not end by it, or they would wait for ever."""
    if isinstance(failure, asyncio.CancelledError) and told_to_end():
        raise failure
