#!/bin/sh
# Look at the sources: lint, types, who imports whom. What looks at the web client's runs beside what looks at Python's, as
# each keeps one core busy.
#
#   tools/sources.sh PART...
#
# PART: of tools/web.sh, one after the other. What these say comes last. Fails if anything did, once all is done.
set -u
cd "$(dirname "$0")/.."

said=$(mktemp)
trap 'rm -f "$said"' EXIT
(
    for part in "$@"; do
        tools/web.sh "$part" || exit
    done
) >"$said" 2>&1 </dev/null &
beside=$!

make --no-print-directory --keep-going lint-python types-python imports
here=$?
wait "$beside"
there=$?
cat "$said"
[ "$here" = 0 ] && [ "$there" = 0 ]
