"""Which addresses may be called: nobody reaches into our own network through a webhook (SSRF)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from control_plane.notifications.webhooks.domain import EndpointKind
from control_plane.notifications.webhooks.errors import (
    RobotUrlInvalid,
    WebhookAddressPrivate,
    WebhookUrlInvalid,
)

LONGEST_URL = 2_000

ROBOTS = {
    EndpointKind.DINGTALK: "https://oapi.dingtalk.com/robot/send?access_token=",
    EndpointKind.WECOM: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
}
"""What the addresses of robots begin with, as the makers of the chats say."""

_NAT64 = ip_network("64:ff9b::/96")
# What older Pythons take for global: protocol assignments, local NAT64, documentation, SRv6.
_ALSO_SPECIAL = tuple(
    ip_network(text)
    for text in ("192.0.0.0/24", "64:ff9b:1::/48", "2001::/23", "3fff::/20", "5f00::/16")
)
_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal")


@dataclass(frozen=True, slots=True)
class Guard:
    """Says which addresses may be called. ``allow_private`` is for who hosts everything alone."""

    allow_private: bool = False

    def require_url(self, kind: EndpointKind, url: str) -> str:
        """Return an endpoint's address as it is kept.

        Names are looked up when a call is made, not here: what they say may change.

        Raises:
            WebhookUrlInvalid: it is no address that can be called.
            WebhookAddressPrivate: it names an address of a private network.
            RobotUrlInvalid: a robot's address is elsewhere.
        """
        parts = _read(url)
        allowed = {"https", "http"} if self.allow_private else {"https"}
        plain = "@" not in parts.netloc and not parts.fragment and url.isascii()
        if parts.scheme not in allowed or not parts.hostname or not plain:
            raise WebhookUrlInvalid(url=url[:LONGEST_URL], field="url")
        if not self.allow_private:
            expected = ROBOTS.get(kind, "")
            if not url.startswith(expected) or len(url) == len(expected):
                raise RobotUrlInvalid(expected=expected, field="url")
            if _is_local(parts.hostname):
                raise WebhookAddressPrivate(host=parts.hostname, field="url")
        return url

    def permits(self, address: str) -> bool:
        """Tell whether a connection to this IP address may be opened."""
        return self.allow_private or is_public(address)


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the internet's.

    Not so are private, loopback, link-local, shared, reserved and multicast ones (the IANA
    registries of special purpose), also where IPv6 only wraps such an IPv4 address.
    """
    found = ip_address(address.partition("%")[0])
    inner = _wrapped(found) if isinstance(found, IPv6Address) else None
    special = found.is_multicast or any(found in network for network in _ALSO_SPECIAL)
    return found.is_global and not special and (inner is None or is_public(str(inner)))


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _read(url: str) -> SplitResult:
    """Split an address.

    Raises:
        WebhookUrlInvalid: it cannot be split, is too long, or holds what no address holds.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise WebhookUrlInvalid(url=url[:LONGEST_URL], field="url") from error
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise WebhookUrlInvalid(url=url[:LONGEST_URL], field="url")
    return parts


def _is_local(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return host.endswith(_LOCAL_NAMES) or "." not in host
