#!/bin/sh
# Writes the lock files anew. One resolution for Python 3.11 to 3.13 on every platform; `--upgrade` takes newer versions.
set -eu
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet "$@"
}
main="--extra airflow --extra beam --extra build --extra gcs --extra train"
# shellcheck disable=SC2086
compile $main --output-file requirements.lock ${1:-}
# shellcheck disable=SC2086
compile $main --extra dev --extra jax --extra kubernetes --constraint requirements.lock --output-file requirements-dev.lock
awk '/^uv==/ { keep = 1 } keep { print } keep && !/\\$/ { exit }' requirements.lock > requirements-bootstrap.lock
