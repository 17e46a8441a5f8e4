"""Every error leaves as a problem document (RFC 9457) with a code of the catalogue; nothing else is told."""

import math
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from chinwag.domain.refusal import Code, Refused
from chinwag.wire.errors import CATALOGUE, Problem, problem

PROBLEM_JSON: Final = "application/problem+json"

_BY_STATUS: Final = {
    400: Code.BAD_REQUEST,
    401: Code.UNAUTHENTICATED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.TOO_LARGE,
    415: Code.UNSUPPORTED,
    429: Code.RATE_LIMITED,
    503: Code.UNAVAILABLE,
}
_DETAIL_MAX: Final = 500

_log = structlog.get_logger(__name__)


def answer(refusal: Refused) -> Response[Problem]:
    """The answer that says `refusal`."""
    entry = CATALOGUE[refusal.code]
    headers = {}
    if entry.status in (429, 503) or refusal.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after or 1.0)))
    if entry.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="chinwag"'
    return Response(problem(refusal), status_code=entry.status, media_type=PROBLEM_JSON, headers=headers)


def refused(request: Request[Any, Any, Any], refusal: Refused) -> Response[Problem]:
    """The same, noted if it is our fault."""
    if refusal.code in (Code.UNAVAILABLE, Code.INTERNAL):
        _log.warning("refused", code=str(refusal.code), path=_place(request), exc_info=refusal)
    return answer(refusal)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    code = _BY_STATUS.get(error.status_code)
    if code is None and 400 <= error.status_code < 500:
        code = Code.BAD_REQUEST
    if code is None:
        return _unexpected(request, error)
    if code is Code.BAD_REQUEST and _of_unknown_kind(error):
        code = Code.UNSUPPORTED
    response = answer(Refused(code, _detail(error) if error.status_code == 400 else ""))
    for name, value in (error.headers or {}).items():
        response.headers.setdefault(name, value)
    return response


def _not_utf8(_request: Request[Any, Any, Any], _error: UnicodeDecodeError) -> Response[Problem]:
    return answer(Refused(Code.BAD_REQUEST, "the body is not UTF-8"))  # the decoder's own error, not wrapped


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    _log.error("request failed", method=request.scope["method"], path=_place(request), exc_info=error)
    return answer(Refused(Code.INTERNAL))


def _place(request: Request[Any, Any, Any]) -> str:
    """The address as the description names it: the code of a join link in a path is nobody's to see in a log."""
    return request.scope.get("path_template", "")


def _of_unknown_kind(error: HTTPException) -> bool:
    """Whether the body names a kind (`type`) that this server does not know, as a newer client may."""
    extra = error.extra if isinstance(error.extra, list) else []
    return any(
        isinstance(one, dict)
        and one.get("source") == "body"
        and str(one.get("key")).split(".")[-1] == "type"
        and str(one.get("message")).startswith("Invalid value")
        for one in extra
    )


def _detail(error: HTTPException) -> str:
    """Which fields are wrong, and how. The decoder's words name types and places, never what was sent."""
    extra = error.extra if isinstance(error.extra, list) else []
    parts = [f"{one.get('key') or 'body'}: {one.get('message', '')}" for one in extra if isinstance(one, dict)]
    return "; ".join(parts)[:_DETAIL_MAX] or "the body is not JSON of the right form"


HANDLERS: Final[ExceptionHandlersMap] = {
    Refused: refused,
    HTTPException: _http,
    UnicodeDecodeError: _not_utf8,
    Exception: _unexpected,
}
