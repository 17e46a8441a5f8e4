"""The three sizes that are reckoned, and how their people behave."""

from typing import Final

import msgspec

DAY: Final = 86_400.0
KILO: Final = 1_000.0


class Case(msgspec.Struct, frozen=True):
    """So many people. connected: the share of the daily users who are connected at the busiest time, each with
    `devices` of them. messages: of one user a day, within `hours`, `peak` times as many as on average at the busiest
    time. text: bytes of a message. days: for how long messages are kept where the disk is reckoned. connects: of one
    device a day. pages: of history that one user looks at a day."""

    name: str
    title: str
    accounts: float
    daily: float
    connected: float
    devices: float
    messages: float
    text: float
    hours: float = 24.0
    peak: float = 4.0
    days: float = 5 * 365.0
    connects: float = 10.0
    pages: float = 20.0


A: Final = Case("a", "50M daily users", 500e6, 50e6, 0.3, 1.3, 10.0, 100.0)
B: Final = Case("b", "1B accounts, 100M daily users", 1e9, 100e6, 0.3, 1.3, 10.0, 100.0)
C: Final = Case("c", "1B clients, a message every 2 minutes", 1e9, 1e9, 1.0, 1.0, 360.0, 1 * KILO, hours=12.0)
CASES: Final = (A, B, C)


def scaled(case: Case, daily: float) -> Case:
    """The same behaviour with so many daily users."""
    return msgspec.structs.replace(case, daily=daily, accounts=case.accounts * daily / case.daily)
