"""Faults that the tests of the guard must catch, each as a change of what the guard does."""

from collections.abc import Callable, Sequence
from typing import Final

import pytest

from chinwag.adapters.outgoing import dialling
from chinwag.adapters.outgoing.dialling import GuardedDialler
from chinwag.adapters.outgoing.internet import is_internet


def second_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked up and judged; then it is connected to by its name, which is looked up once more."""
    judged = GuardedDialler.addresses

    async def by_name(self: GuardedDialler, host: str, port: int) -> Sequence[str]:
        await judged(self, host, port)
        return [host]

    monkeypatch.setattr(GuardedDialler, "addresses", by_name)


def first_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first address of a name is judged."""
    judged: list[str] = []

    def only_first(address: str) -> bool:
        judged.append(address)
        return len(judged) > 1 or is_internet(address)

    monkeypatch.setattr(dialling, "is_internet", only_first)


PLANTS: Final[dict[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "second look-up of the name": second_look_up,
    "only the first address is judged": first_address_only,
}
