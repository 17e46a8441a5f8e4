"""Make one attack: a fresh server, two people who chat, the attack, and what came of it."""

import asyncio
import tempfile
from pathlib import Path

from prove.attacks.attack import Attack, Cannot, Outcome, Result
from prove.attacks.bystander import Bystander
from prove.attacks.ground import Ground
from prove.process import ServerProcess


async def make(attack: Attack, scale: float = 1.0) -> Result:
    """Make it. What it raises makes it wrong; the server's log of such a one is part of what is said."""
    with tempfile.TemporaryDirectory(prefix="chinwag-attack-") as folder:
        process = ServerProcess(Path(folder) / "data", *attack.flags)
        try:
            await process.start()
            bystander = await Bystander.begin(process.url)
            try:
                async with Ground(process, scale) as ground:
                    outcome = await _attempt(attack, ground)
                felt = await bystander.felt()
            finally:
                await bystander.end()
        except Cannot as lacking:
            return Result(attack, f"not made: {lacking}", None)
        finally:
            process.end()
    if felt.lost:
        outcome = Outcome(f"{outcome.said}; {felt.lost} of the bystanders' messages lost", right=False)
    return Result(attack, outcome.said, outcome.right, felt)


async def _attempt(attack: Attack, ground: Ground) -> Outcome:
    try:
        async with asyncio.timeout(attack.seconds):
            outcome = await attack.run(ground)
    except Cannot:
        raise
    except TimeoutError:
        return Outcome(f"not over after {attack.seconds:.0f} s", right=False)
    except Exception as failure:
        return Outcome(f"{type(failure).__name__}: {failure}"[:300], right=False)
    if not ground.process.running:
        return Outcome(f"{outcome.said}; the server is dead", right=False)
    return outcome
