"""Which URLs may be fetched: by their text, and by the addresses that their names resolve to.

Pure: no look-up and no socket happens here. The rule is an allow-list. An address must be global
unicast by this file's own table (`ipaddress.is_global` changes with Python's patch version and
passes multicast, NAT64 and 6to4), or lie in a network that the settings name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import quote, urlsplit

import idna

from service.config import FetchConfig
from service.errors import ConfigError, UrlNotAllowed

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

MAX_URL_CHARS = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}

# One sentence for blocked, closed and filtered alike: what answers, and what does not, inside the
# network that the service runs in is nobody else's business.
CANNOT_FETCH = "The page at this URL cannot be fetched from here."

_GLOBAL_UNICAST = (IPv4Network("0.0.0.0/0"), IPv6Network("2000::/3"))

# IANA's special-purpose registries (IPv4 and IPv6, 2025), multicast, and ranges that are public
# on paper but carry other addresses inside or lead to a cloud's metadata.
_NOT_PUBLIC: tuple[IPNetwork, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared address space; Alibaba's metadata 100.100.100.200
        "127.0.0.0/8",
        "161.26.0.0/16",  # IBM Cloud's inner services
        "166.8.0.0/14",  # IBM Cloud's inner services
        "168.63.129.16/32",  # Azure's platform address: public by number, inside by nature
        "169.254.0.0/16",  # link local; metadata 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # the old 6bone
        "3fff::/20",  # documentation
    )
)

_FORBIDDEN_CHARS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
_NETLOC = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:@]+))(?::([0-9]{0,5}))?")
_HOST_NAME = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
# What WHATWG calls "ends in a number": such a host is an IPv4 address or nothing.
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL asks for, in the one reading that everything after uses."""

    scheme: str
    """`http` or `https`."""
    host: str
    """Lower case ASCII (A-labels), no trailing dot; an IPv6 address without brackets."""
    port: int
    path: str
    """Path and query, percent-encoded ASCII, never empty."""

    @property
    def netloc(self) -> str:
        """Host and, where it is not the scheme's own, port: the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


class AddressGuard:
    """Judges URLs and addresses by the settings of `FetchConfig`.

    Raises:
        ConfigError: the settings name a network or a port that is none.
    """

    def __init__(self, config: FetchConfig) -> None:
        self._networks = tuple(_parse_network(text) for text in config.allowed_networks)
        self._ports = _parse_ports(config.allowed_ports)

    def target(self, url: str) -> Target:
        """Read a URL's text; nothing ambiguous passes.

        Raises:
            UrlNotAllowed: and why, in words about the text alone.
        """
        if len(url) > MAX_URL_CHARS:
            raise UrlNotAllowed(f"The URL is longer than {MAX_URL_CHARS} characters.")
        if _FORBIDDEN_CHARS.search(url):
            raise UrlNotAllowed("The URL holds a space, a control character or a backslash.")
        try:
            parts = urlsplit(url)
        except ValueError:
            raise UrlNotAllowed("The URL cannot be read.") from None
        if parts.scheme not in DEFAULT_PORTS:
            raise UrlNotAllowed("Only http and https URLs are fetched.")
        if "@" in parts.netloc:
            raise UrlNotAllowed("The URL holds a user name or password.")
        # Not `parts.hostname`: how it reads odd brackets changes with Python's patch version.
        netloc = _NETLOC.fullmatch(parts.netloc)
        if netloc is None:
            raise UrlNotAllowed("The URL has no valid host.")
        target = Target(
            scheme=parts.scheme,
            host=str(_strict_address(netloc[1])) if netloc[1] else _normal_host(netloc[2]),
            port=int(netloc[3]) if netloc[3] else DEFAULT_PORTS[parts.scheme],
            path=_normal_path(parts.path, parts.query),
        )
        if self._ports is not None and target.port not in self._ports:
            raise UrlNotAllowed("The URL names a port that is not fetched from.")
        return target

    def judge(self, addresses: list[IPAddress]) -> None:
        """Let pass only where every single address may be connected to.

        Raises:
            UrlNotAllowed: at least one may not, or there is none; the message names none.
        """
        if not addresses or not all(self.allows(address) for address in addresses):
            raise UrlNotAllowed(CANNOT_FETCH)

    def allows(self, address: IPAddress) -> bool:
        """Whether this address may be connected to."""
        plain = _unwrap(address)
        if any(plain in network for network in self._networks):
            return True
        return any(plain in network for network in _GLOBAL_UNICAST) and not any(
            plain in network for network in _NOT_PUBLIC
        )


def literal_address(host: str) -> IPAddress | None:
    """The address that a normalised host spells; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _unwrap(address: IPAddress) -> IPAddress:
    """IPv4 in its IPv6 wrapping (`::ffff:0:0/96`) is judged as IPv4. Other wrappings (NAT64, 6to4,
    Teredo, v4-compatible) are not public at all, so they need no unwrapping."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _normal_host(raw: str) -> str:
    host = raw.lower()
    if not host.isascii():
        host = _to_ascii(host)
    host = host.removesuffix(".")
    if "%" in host:
        raise UrlNotAllowed("The URL's host holds a percent sign or a zone.")
    if _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]):
        return _strict_address(host)
    if len(host) > 253 or not _HOST_NAME.fullmatch(host):
        raise UrlNotAllowed("The URL has no valid host.")
    return host


def _to_ascii(host: str) -> str:
    # UTS 46 drops invisible characters without a word, other clients do not.
    if any(unicodedata.category(char) == "Cf" for char in host):
        raise UrlNotAllowed("The URL has no valid host.")
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise UrlNotAllowed("The URL has no valid host.") from None


def _strict_address(host: str) -> str:
    """Only the dotted quad and IPv6's own text; never 127.1, octal, hexadecimal or one number."""
    try:
        return str(ip_address(host))
    except ValueError:
        raise UrlNotAllowed("The URL's host is a number, but no address.") from None


def _normal_path(path: str, query: str) -> str:
    text = (path or "/") + (f"?{query}" if query else "")
    return quote(text, safe="/?:@!$&'()*+,;=~%[]")


def _parse_network(text: str) -> IPNetwork:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ConfigError(f"DOC2TWEET_FETCH_ALLOWED_NETWORKS: {text!r} is no network") from None


def _parse_ports(texts: tuple[str, ...]) -> frozenset[int] | None:
    """None: every port."""
    if "*" in texts:
        return None
    try:
        return frozenset(int(text) for text in texts)
    except ValueError:
        raise ConfigError(
            f"DOC2TWEET_FETCH_ALLOWED_PORTS: {','.join(texts)!r}: use numbers or *"
        ) from None
