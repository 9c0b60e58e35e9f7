#!/usr/bin/env bash
# Prints DOCKER_HOST=… for a daemon that answers, starting a private one if none does.
#
#   eval "export $(deploy/docker/up.sh)"
#
# Needs root to start one. May be run any number of times, by several at once. INSTALL=no never
# installs packages. HARDEN=no leaves the firewall rules out. SERVICE_PORT (8000) is the control
# plane's port that tenants may reach on this host.
set -euo pipefail

home=${TALLYARD_DOCKER_DIR:-/var/lib/tallyard/docker}
socket=$home/docker.sock
say() { echo "docker/up.sh: $*" >&2; }
answers() { [ -S "$1" ] && timeout 3 docker --host "unix://$1" version >/dev/null 2>&1; }
print_and_exit() { echo "DOCKER_HOST=unix://$1"; exit 0; }

for candidate in "${DOCKER_HOST:-}" "unix://$socket" unix:///var/run/docker.sock; do
  candidate=${candidate#unix://}
  if [ -n "$candidate" ] && answers "$candidate"; then print_and_exit "$candidate"; fi
done

[ "$(id -u)" = 0 ] || { say "no Docker daemon answers, and only root can start one"; exit 3; }

needed=()
command -v dockerd >/dev/null || needed+=(docker.io)
command -v docker >/dev/null || needed+=(docker-cli)  # part of docker.io until Debian 13
command -v iptables >/dev/null || needed+=(iptables)
if [ ${#needed[@]} -gt 0 ]; then
  if [ "${INSTALL:-yes}" = no ] || ! command -v apt-get >/dev/null; then
    say "missing: ${needed[*]}; on Debian: apt-get install ${needed[*]}"; exit 3
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  apt-cache show docker-cli >/dev/null 2>&1 || needed=("${needed[@]/docker-cli/}")
  say "installing ${needed[*]} (INSTALL=no leaves them out)"
  # shellcheck disable=SC2068 # a name that was taken out is no word
  apt-get install -y -qq --no-install-recommends ${needed[@]} >&2
fi

install -d -m 0711 "$(dirname "$home")" "$home"
exec 9>"$home/lock"
flock 9
if answers "$socket"; then print_and_exit "$socket"; fi

state_of() { sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null || true; }
runs() {  # pid name: such a process lives and is no zombie
  local state; state=$(state_of "$1")
  [ -n "$state" ] && [ "$state" != Z ] && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]
}

# Two daemons in one network namespace rewrite each other's firewall chains, which opens tenants
# to each other. So a foreign one that merely does not answer here is a reason to stop.
for pid in $(pgrep -x dockerd || true); do
  if runs "$pid" dockerd && [ "$pid" != "$(cat "$home/pid" 2>/dev/null)" ] &&
    [ "$(readlink "/proc/$pid/ns/net")" = "$(readlink /proc/self/ns/net)" ]; then
    say "dockerd $pid runs here but answers on no socket known to this script: set DOCKER_HOST"
    exit 4
  fi
done

# After a kill -9 the daemon's leftovers keep the next one from starting.
clear_leftover() {  # pid-file process-name
  local pid; pid=$(cat "$1" 2>/dev/null) || return 0
  for _ in $(seq 30); do runs "$pid" "$2" || break; sleep 0.1; done
  if runs "$pid" "$2"; then kill -9 "$pid"; sleep 0.3; fi
  rm -f "$1"
}
clear_leftover "$home/pid" dockerd
clear_leftover "$home/exec/containerd/containerd.pid" containerd

cat >"$home/daemon.json" <<'JSON'
{
  "default-address-pools": [{"base": "10.210.0.0/16", "size": 26}],
  "bip": "10.211.0.1/24",
  "log-driver": "json-file",
  "log-opts": {"max-size": "5m", "max-file": "2"}
}
JSON
setsid dockerd --config-file "$home/daemon.json" --data-root "$home/data" \
  --exec-root "$home/exec" --pidfile "$home/pid" --host "unix://$socket" \
  >>"$home/log" 2>&1 </dev/null 9>&- &

for _ in $(seq 300); do
  if answers "$socket"; then
    [ "${HARDEN:-yes}" = no ] || "$(dirname "$0")/harden.sh" >>"$home/log" 2>&1 ||
      say "the firewall rules could not be set; see $home/log"
    print_and_exit "$socket"
  fi
  sleep 0.1
done
say "dockerd did not answer within 30 seconds; the end of its log:"
tail -n 20 "$home/log" >&2
exit 5
