"""Make attacks: a fresh server, two people who chat, the attack, and what came of it."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from prove.attacks.attack import Attack, Cannot, Outcome, Result
from prove.attacks.bystander import Bystander
from prove.attacks.ground import Ground
from prove.faults.clock import WrongClock
from prove.process import ServerProcess


async def make(attack: Attack, scale: float = 1.0) -> Result:
    """Make one, on a server of its own."""
    (result,) = await make_in_turn([attack], scale)
    return result


async def make_in_turn(attacks: Sequence[Attack], scale: float = 1.0) -> list[Result]:
    """Make attacks with the same flags on one server, one after another, while the same two people chat.

    What one raises makes it wrong, and what those two lost makes all of them wrong.
    """
    lacking = {attack.name: reason for attack in attacks if (reason := await _lacking(attack))}
    able = [attack for attack in attacks if attack.name not in lacking]
    done = await _on_one_server(able, scale) if able else {}
    return [done.get(attack.name) or Result(attack, lacking.get(attack.name, ""), None) for attack in attacks]


async def _lacking(attack: Attack) -> str:
    """What the attack needs and this machine has not; nothing as a rule."""
    try:
        if attack.prepare is not None:
            await attack.prepare()
    except Cannot as reason:
        return f"not made: {reason}"
    return ""


async def _on_one_server(attacks: Sequence[Attack], scale: float) -> dict[str, Result]:
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="chinwag-attack-") as folder:
        process = ServerProcess(Path(folder) / "data", *attacks[0].flags)
        clock = WrongClock(process) if any(attack.alone for attack in attacks) else None
        try:
            await process.start()
            bystander = await Bystander.begin(process.url)
            try:
                async with Ground(process, scale, bystander, clock) as ground:
                    for attack in attacks:
                        outcomes[attack.name] = await _attempt(attack, ground)
                    felt = await ground.end_chat()
            finally:
                await bystander.end()
        finally:
            process.end()
    results = {}
    for attack in attacks:
        outcome = outcomes[attack.name]
        if felt.lost:
            outcome = Outcome(f"{outcome.said}; {felt.lost} of the bystanders' messages lost", right=False)
        results[attack.name] = Result(attack, outcome.said, outcome.right, felt)
    return results


async def _attempt(attack: Attack, ground: Ground) -> Outcome:
    try:
        async with asyncio.timeout(attack.seconds):
            outcome = await attack.run(ground)
    except TimeoutError:
        return Outcome(f"not over after {attack.seconds:.0f} s", right=False)
    except Exception as failure:
        return Outcome(f"{type(failure).__name__}: {failure}"[:300], right=False)
    if not ground.process.running:
        return Outcome(f"{outcome.said}; the server is dead", right=False)
    return outcome
