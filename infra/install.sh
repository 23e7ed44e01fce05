#!/bin/sh
# Installs the locked packages into .venv: `infra/install.sh [dev]`. Does nothing when they are there already.
set -eu
cd "$(dirname "$0")/.."
lock=requirements.lock
[ "${1:-}" = dev ] && lock=requirements-dev.lock

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

stamp=$(cat "$lock" pyproject.toml | cksum | tr -d ' ')
if [ -x .venv/bin/restyle ]; then
    for done in .venv/installed-*; do
        [ "$done" = ".venv/installed-$stamp" ] && exit 0
        # The development set holds all of the other.
        [ -z "${1:-}" ] && [ "$done" = ".venv/installed-$(cat requirements-dev.lock pyproject.toml | cksum | tr -d ' ')" ] && exit 0
    done
fi

python=
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 (with venv) is needed and was not found. Install one, or name it: make ${MAKECMDGOALS:-run} PYTHON=/path/to/python3"

free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$free_kb" -gt 4194304 ] || fail "4 GB of free disk space are needed to install, $((free_kb / 1024)) MB are free in $(pwd). Free some space and run it again."

printf 'Installing into .venv with %s (about 2 GB, only once).\n' "$("$python" --version)"
[ -x .venv/bin/python ] && .venv/bin/python -c 'import sys' 2>/dev/null || { rm -rf .venv && "$python" -m venv .venv; }
rm -f .venv/installed-*
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-bootstrap.lock ||
    fail "The packages cannot be downloaded. Check the network, or pip's index settings, and run it again."
# uv does not read pip's settings; where pip is told to use another index, so is uv.
index=$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes --no-deps -r "$lock" ||
    fail "The locked packages cannot be installed; the reason is above. Run it again when it is mended."
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
touch ".venv/installed-$stamp"
