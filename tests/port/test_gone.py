"""An answer for somebody who has just gone."""

from typing import Any

import pytest

from chinwag.roles.port.one_port import _to_who_is_there


async def test_whoever_has_gone_is_no_mistake_of_the_application() -> None:
    async def send(_message: Any) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    await _to_who_is_there({}, send)({"type": "http.response.body"})


async def test_mistakes_of_the_application_are_still_told() -> None:
    async def send(_message: Any) -> None:
        raise RuntimeError("Expected ASGI message 'http.response.start', but got 'http.response.body'.")

    with pytest.raises(RuntimeError, match="Expected ASGI"):
        await _to_who_is_there({}, send)({"type": "http.response.body"})
