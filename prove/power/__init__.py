"""Power cuts: a real server on a disk that forgets, at the cut, what was not synced.

A preloaded library (`preload/`) writes down all that the server does to its disk (`record`); `disk` plays that
back, and `cut` says what may be left of it; `server` starts from there again. `device` and `changes` load it, the
`ledger` keeps what it confirmed, and `check` looks for that after each cut. `proof` is all of it together.
"""
