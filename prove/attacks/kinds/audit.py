"""Whoever can write rows into the file of accounts rewrites what was done: every way that SQL has."""

import sqlite3

from prove.attacks.attack import Attack, Outcome
from prove.attacks.ground import Ground

_ROW = "(id, at, actor, act, target, detail) VALUES (1, 2, 'nobody', 'nothing', '', '')"
_STATEMENTS = (
    "UPDATE audit SET act = 'nothing'",
    "UPDATE OR REPLACE audit SET act = 'nothing'",
    "UPDATE audit SET id = id + 1000",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 1 RETURNING *",
    f"INSERT OR REPLACE INTO audit {_ROW}",
    f"REPLACE INTO audit {_ROW}",
    f"INSERT INTO audit {_ROW} ON CONFLICT (id) DO UPDATE SET act = 'nothing'",
    f"INSERT OR IGNORE INTO audit {_ROW}",
    "REPLACE INTO audit SELECT id, at, actor, 'nothing', target, detail FROM audit",
)
_SETTINGS = ("", "PRAGMA recursive_triggers = OFF", "PRAGMA ignore_check_constraints = ON")


async def attack(ground: Ground) -> Outcome:
    """What the operator has done stands there as before, and the server goes on."""
    await ground.command("announce", "Hello, everybody")
    file = ground.directory()
    try:
        before = file.execute("SELECT * FROM audit ORDER BY id").fetchall()
        passed = []
        for setting in _SETTINGS:
            file.execute(setting)
            for statement in _STATEMENTS:
                try:
                    file.execute(statement).fetchall()
                except sqlite3.IntegrityError:
                    continue
                passed.append(statement)
        after = file.execute("SELECT * FROM audit ORDER BY id").fetchall()
    finally:
        file.close()
    return Outcome(
        f"{len(passed)} of {len(_STATEMENTS) * len(_SETTINGS)} statements passed; {len(before)} entries before, "
        f"{'the same' if after == before else 'others'} after",
        right=bool(before) and after == before,
    )


ATTACK = Attack(
    "audit",
    "statements that change, remove or replace entries of the audit log, in the file itself",
    "no statement that writes rows changes an entry",
    attack,
)
