#!/bin/sh
# Run the tests: all of them, or those that pytest's arguments choose.
#
#   tools/tests.sh [PYTEST ARGUMENTS]
#
# Three files at a time, as the tests of one share what is made once a file, and those that take long first
# (tests/support/long_first.py): of two, one often waits for what it started, and leaves a core of two idle.
# Afterwards, alone, those that are marked as measuring: what runs beside them would be in their figures.
# Those marked prove belong to `make prove`, those marked web_prove to `make web-prove`, those marked cluster_prove to
# `make prove-cluster`.
# Each of the two runs ends with pytest's own summary, and one that fails fails the whole.
set -u
cd "$(dirname "$0")/.."
none=5 # pytest's exit code when there is nothing to run
unset PYTHONDONTWRITEBYTECODE # or each server and command that tests start would compile its modules

# no run is without an end: interrupted, pytest still says what failed
timeout --foreground --signal INT --kill-after 60 4500 .venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not measuring and not web_prove and not cluster_prove and not prove" "$@"
together=$?
case $together in 0 | 1 | "$none") ;; *) exit "$together" ;; esac # interrupted, or wrong arguments
chosen=$#
[ $# -gt 0 ] || set -- tests/bench # where all of them are (tests/unit/test_tests.py): to collect all tests takes half a minute
.venv/bin/python -m pytest -n 0 -m measuring "$@"
alone=$?

# Arguments may well choose tests of one kind only; without arguments there must be both.
if [ "$chosen" -gt 0 ] && [ "$together" != "$alone" ]; then
    [ "$together" = "$none" ] && together=0
    [ "$alone" = "$none" ] && alone=0
fi
[ "$together" != 0 ] && exit "$together"
exit "$alone"
