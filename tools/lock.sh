#!/bin/sh
# Compile the requirements files from pyproject.toml, for all platforms, with hashes and without addresses.
#
#   tools/lock.sh [--upgrade]
#
# Versions already in the files are kept unless --upgrade is given. Needs uv (pip install uv).
set -eu
cd "$(dirname "$0")/.."

uv=$(command -v uv || echo .venv/bin/uv)
build=$(mktemp --suffix=.in)
trap 'rm -f "$build"' EXIT
# what builds the package is locked too: it is installed without an isolated build
.venv/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' >"$build"

compile() {
    output=$1
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --output-file "$output" pyproject.toml "$build" "$@"
}

compile requirements.txt "$@"
compile requirements-postgres.txt --extra postgres --extra s3 --constraint requirements.txt "$@"
compile requirements-dev.txt --extra dev --extra postgres --extra s3 --extra heif --extra cassandra --constraint requirements-postgres.txt "$@"
if grep -nE '://|^(-|file:)| @ ' requirements.txt requirements-postgres.txt requirements-dev.txt; then
    echo "lock: an address or a path got into the requirements (above)" >&2
    exit 1
fi
