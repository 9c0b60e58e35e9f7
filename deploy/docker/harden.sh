#!/usr/bin/env bash
# Firewall rules for tenants' bridges (tn-…): no new connections to this host, except to the
# control plane's service port, and none to anywhere else. Answers to connections that came in
# (published ports) and traffic within one bridge stay as they are.
#
#   SERVICE_PORT=8000 deploy/docker/harden.sh    # several: 8000,9000:9099
#   deploy/docker/harden.sh undo
set -euo pipefail

new=(-m conntrack --ctstate NEW)
unhook() {  # chain own-chain match…: take our hook out of a chain, however often it is in
  while iptables -D "$1" "${@:3}" -j "$2" 2>/dev/null; do :; done
  iptables -F "$2" 2>/dev/null && iptables -X "$2"
  return 0
}
unhook INPUT TALLYARD-HOST -i tn-+
unhook DOCKER-USER TALLYARD-OUT -i tn-+ ! -o tn-+
[ "${1:-}" != undo ] || exit 0

iptables -N TALLYARD-HOST
iptables -A TALLYARD-HOST -p tcp -m multiport --dports "${SERVICE_PORT:-8000}" "${new[@]}" -j ACCEPT
iptables -A TALLYARD-HOST "${new[@]}" -j REJECT
iptables -I INPUT 1 -i tn-+ -j TALLYARD-HOST

iptables -N TALLYARD-OUT
iptables -A TALLYARD-OUT "${new[@]}" -j REJECT
iptables -I DOCKER-USER 1 -i tn-+ ! -o tn-+ -j TALLYARD-OUT
