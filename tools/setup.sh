#!/bin/sh
# Make .venv from a compiled requirements file and put Chinwag into it, editable.
#
#   tools/setup.sh run | dev
#
# Needs Python 3.11 or newer and, for dev, a C compiler, for the library that forgets what was not synced, Chromium, which
# the tests of the web client drive, ffmpeg, which looks into videos, the sources of locales, for a PostgreSQL that orders
# as people do, and Java and Maven, for ZooKeeper and Cassandra (all other tests run without). What is missing of Debian's
# packages is installed where that may be done, and named in one line to type where not.
# It ends at once when .venv already holds what is asked for.
set -eu
cd "$(dirname "$0")/.."

kind=${1:?run or dev}
case $kind in
run) requirements=requirements.txt ;;
dev) requirements=requirements-dev.txt ;;
*)
    echo "setup: 'run' or 'dev', not '$kind'" >&2
    exit 2
    ;;
esac

say() { printf 'setup: %s\n' "$*"; }
stop() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# What .venv must have been made of. The folder is part of it: the scripts in .venv name it.
wanted() {
    { pwd && cat "$1" pyproject.toml; } | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

quietly() { # runs a command; shows what it wrote only if it fails
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

install() { # packages of Debian and its kin; $1: what for, the rest: their names
    wanted_for=$1
    shift
    if [ "$(id -u)" = 0 ]; then sudo=; else sudo="sudo"; fi
    if ! command -v apt-get >/dev/null 2>&1; then
        stop "$wanted_for: install your system's package for it, then run this again"
    fi
    if [ -n "$sudo" ] && ! sudo -n true 2>/dev/null; then
        stop "$wanted_for; type this, then run make again:  sudo apt-get install $*"
    fi
    say "installing $*"
    apt() { quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }
    # without package lists, or with old ones, the first try fails; what the second says counts
    apt install -y --no-install-recommends "$@" 2>/dev/null ||
        { apt update && apt install -y --no-install-recommends "$@"; } ||
        stop "could not install $*"
}

compiles() { echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1; }

if [ "$kind" = dev ] && ! compiles; then
    install "a C compiler is missing" gcc libc6-dev
fi

if [ "$kind" = dev ] && ! [ -x /usr/bin/chromium ]; then
    # in a shell of its own: without it all but the tests of the web client can be done
    (install "Chromium is missing: the tests of the web client will fail" chromium) || true
fi

if [ "$kind" = dev ] && ! command -v ffmpeg >/dev/null 2>&1; then
    # as with Chromium: all but the tests of videos can be done without
    (install "ffmpeg is missing: the tests of videos will fail" ffmpeg) || true
fi

if [ "$kind" = dev ] && [ "$(uname)" = Linux ] && ! { [ -f /usr/share/i18n/locales/en_US ] && command -v localedef >/dev/null 2>&1; }; then
    # as with Chromium: all but the tests upon PostgreSQL can be done without
    (install "the sources of locales are missing: the tests upon PostgreSQL will fail" locales) || true
fi

if [ "$kind" = dev ] && ! { command -v java >/dev/null 2>&1 && command -v mvn >/dev/null 2>&1; }; then
    (install "Java or Maven is missing: what needs ZooKeeper or Cassandra will fail" default-jre-headless maven) || true
fi

python=$(find_python) || stop "Python 3.11 or newer is needed; name it with PYTHON=/path/to/python3"
stamp=.venv/.made-for-$kind
want=$(wanted "$requirements")
if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && .venv/bin/python -c 'import chinwag' 2>/dev/null; then
    exit 0
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian and its kin keep these in a package of their own
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    install "Python's venv module is missing" "python$version-venv"
fi

# A venv that was moved or broken off is made anew; a sound one is only brought up to date.
here=$(pwd -P)
if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || ! grep -qF "$here/.venv/bin/python" .venv/bin/pip; then
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv || stop "could not make .venv"
fi

count=$(grep -c '^[a-zA-Z0-9]' "$requirements")
say "installing $count packages into .venv (the first time takes about a minute)"
pip() { quietly .venv/bin/python -m pip --disable-pip-version-check --quiet --no-input "$@"; }
pip install --require-hashes --only-binary :all: --requirement "$requirements" ||
    stop "could not install the packages; what pip said stands above"
pip install --no-deps --no-build-isolation --editable . || stop "could not install Chinwag into .venv"

printf '%s\n' "$want" >"$stamp"
if [ "$kind" = dev ]; then
    # the development requirements hold all of the others, in the same versions
    wanted requirements.txt >.venv/.made-for-run
fi
say "done"
