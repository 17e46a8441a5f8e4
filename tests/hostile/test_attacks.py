"""Every attack of `prove.attacks`, in its short form: what comes of each must be right. Times are not judged."""

from itertools import groupby

import pytest
from prove.attacks.attack import Attack
from prove.attacks.collect import collect
from prove.attacks.run import make_in_turn

SHORT = 0.1


def shared() -> list[list[Attack]]:
    """Those that can be made on one server, which takes a second or two to start, by that server's flags."""

    def server_of(attack: Attack) -> tuple[str, ...]:
        return (attack.name,) if attack.alone else ("", *attack.flags)

    usual = (attack for attack in collect().values() if not attack.asked_only)
    return [list(some) for _, some in groupby(sorted(usual, key=server_of), server_of)]


@pytest.mark.parametrize("attacks", shared(), ids=lambda attacks: "+".join(attack.name for attack in attacks))
async def test_attacks(attacks: list[Attack]) -> None:
    results = await make_in_turn(attacks, SHORT)
    wrong = [f"{one.attack.name}: {one.said}; must: {one.attack.must}" for one in results if one.right is False]
    assert not wrong, "\n".join(wrong)
    if lacking := [one.said for one in results if one.right is None]:
        pytest.skip("; ".join(lacking))
