"""All attacks there are: what `kinds/` holds."""

import importlib
import pkgutil

from prove.attacks import kinds
from prove.attacks.attack import Attack


def collect() -> dict[str, Attack]:
    """By name, in the order of their files' names."""
    modules = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    found: list[Attack] = [importlib.import_module(f"{kinds.__name__}.{name}").ATTACK for name in modules]
    attacks = {attack.name: attack for attack in found}
    assert len(attacks) == len(found), "two attacks have one name"
    return attacks
