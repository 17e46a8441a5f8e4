"""Every attack of `prove.attacks`, in its short form: what comes of each must be right. Times are not judged."""

import pytest
from prove.attacks.collect import collect
from prove.attacks.run import make

ATTACKS = collect()
SHORT = 0.1


@pytest.mark.parametrize("name", ATTACKS)
async def test_attack(name: str) -> None:
    result = await make(ATTACKS[name], SHORT)
    if result.right is None:
        pytest.skip(result.said)
    assert result.right, f"{result.said}; must: {result.attack.must}"
