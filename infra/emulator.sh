#!/bin/sh
# Installs the emulator of Google Cloud Storage that tests talk to into .venv/bin. Does nothing when it is there already.
# Ends with 1, and a sentence, where there is no Go or the emulator cannot be built.
set -eu
cd "$(dirname "$0")/.."
module=github.com/fsouza/fake-gcs-server
version=v1.56.1

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

command -v go > /dev/null || fail "The storage emulator is not installed: Go was not found. Tests of Google Cloud Storage will be skipped."
installed=$(go version -m .venv/bin/fake-gcs-server 2>/dev/null | awk '$1 == "mod" { print $2 "@" $3 }')
[ "$installed" = "$module@$version" ] && exit 0

printf 'Building the storage emulator (%s) into .venv/bin, only once.\n' "$version"
GOBIN=$PWD/.venv/bin go install "$module@$version" ||
    fail "The storage emulator cannot be built; the reason is above. Tests of Google Cloud Storage will be skipped."
