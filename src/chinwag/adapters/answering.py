"""What every adapter of `Questions` does with an answerer: refusals are passed on, mistakes logged and told as such."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from chinwag.domain.refusal import Code, Refused

Answerer = Callable[[Any], Awaitable[Any]]

_log = structlog.get_logger(__name__)


async def answered(answerer: Answerer, question: object) -> Any:
    """What `answerer` says to `question`. Raises `Refused`: the answerer's own, or `internal`."""
    try:
        return await answerer(question)
    except Refused:
        raise
    except Exception:
        _log.exception("a question could not be answered", question=type(question).__name__)
        raise Refused(Code.INTERNAL) from None
