#!/usr/bin/env bash
# Builds the image that module instances run in, on any host with Docker, without a network.
#
#   deploy/images/build.sh [TAG]          TAG: tallyard/module:local
#
# The base is python:X.Y-slim where it was pulled before (or what BASE names), and otherwise made
# out of this host by base.sh. PYTHON names the interpreter of the environment that
# requirements.lock was installed into. Prints the tag. An unchanged tree builds nothing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
tag=${1:-tallyard/module:local}
python=${PYTHON:-$project/.venv/bin/python}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
has() { docker image inspect "$1" >/dev/null 2>&1; }

base=${BASE:-python:$version-slim}
if ! has "$base"; then
  base=tallyard/python:$version-host
  has "$base" || "$here/base.sh" "$base" "$python"
fi

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
"$python" "$here/collect.py" "$context"
cp "$here/module.Dockerfile" "$context/Dockerfile"
# the same content gives the same layers, whenever it was laid out
find "$context" -exec touch --no-dereference --date=@0 {} +
log=$(mktemp)
trap 'rm -rf "$context" "$log"' EXIT
DOCKER_BUILDKIT=0 docker build --quiet --network none --build-arg "BASE=$base" --tag "$tag" \
  "$context" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
docker image prune --force --filter label=app=tallyard >/dev/null  # what the tag named before
echo "$tag"
