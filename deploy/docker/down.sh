#!/usr/bin/env bash
# Stops the daemon that up.sh started, and only that one, after removing Tallyard's containers.
set -uo pipefail

home=${TALLYARD_DOCKER_DIR:-/var/lib/tallyard/docker}
pid=$(cat "$home/pid" 2>/dev/null) || exit 0
if ! grep -qx dockerd "/proc/$pid/comm" 2>/dev/null; then
  rm -f "$home/pid"
  exit 0
fi

export DOCKER_HOST=unix://$home/docker.sock
containers=$(timeout 30 docker ps --all --quiet --filter label=app=tallyard)
if [ -n "$containers" ]; then
  # shellcheck disable=SC2086 # one word per container
  timeout 60 docker rm --force $containers >/dev/null
fi
"$(dirname "$0")/harden.sh" undo 2>/dev/null

state_of() { sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null; }
gone() { case "$(state_of "$pid")" in '' | Z) true ;; *) false ;; esac; }
kill "$pid"
for _ in $(seq 200); do gone && break; sleep 0.1; done
gone || kill -9 "$pid"
rm -f "$home/pid" "$home/docker.sock"
awk -v under="$home/" 'index($2, under) == 1 {print $2}' /proc/mounts | sort -r |
  while read -r mount; do umount -l "$mount"; done
exit 0
