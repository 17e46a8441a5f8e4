"""Attacks on a real server, one file each, with a bystander's p99 beside each: `python -m prove.attacks`.

To add one, write a file in `kinds/` that has an `ATTACK`:

    async def attack(ground: Ground) -> Outcome:
        mallory = await ground.person("mallory")
        answer = await mallory.request("GET", "/v1/something")
        return Outcome(f"answered {answer.status_code}", right=answer.status_code == 422)

    ATTACK = Attack("name", "what is tried, in one line", "what must come of it", attack)

The name is what `--only` takes. Each attack has a fresh server of its own (`Attack.flags` are its settings), and while
it runs two people chat on that server, from a process of their own. An attack ends by itself, within a minute: it is
stopped after `Attack.seconds` and is wrong then. It is judged by what must be true, never by how fast this machine is:
times are printed. `ground.scale` is 1 as a rule and smaller in the short form, which runs with the tests
(`tests/hostile/test_attacks.py`): do so much less of everything (`ground.times`). There, attacks with the same flags
share one server, so leave it as others can use it, or say `alone=True`: then the clock may be moved too, and everybody
be logged out, after `ground.end_chat()`. Undo the mend once and see that the attack is WRONG then.
"""
