"""Fetch the page at a URL that a stranger named: judged, pinned, counted, and in time.

The order is the point. A name is looked up once, every address it has is judged, and the connection
is made to a judged address, never to a name; each redirect starts over. Whatever is in doubt is
refused. Nothing is taken from the environment: no proxy, no `.netrc`, no cookies.
Knows nothing of what a page says.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote, urljoin, urlsplit

from service.articles import sniff
from service.articles.address_guard import CANNOT_FETCH, AddressGuard, IPAddress, Target
from service.articles.article import FetchedPage
from service.articles.deadline import Deadline, DeadlineSocket, connect, never, start_tls
from service.articles.host_gate import HostGate
from service.articles.http_body import ACCEPT_ENCODING, framed, read_body
from service.articles.resolver import Resolver, SystemResolver
from service.articles.robots import RobotsPolicy
from service.articles.site_answer import refuse_status
from service.config import FetchConfig
from service.errors import ArticleTimeout, ArticleUnreachable, ConfigError, UrlNotAllowed

MAX_REDIRECTS = 5
MAX_ADDRESSES = 4
"""How many of a name's addresses are tried; the rest could only cost time."""
MAX_INTERIM = 8
"""Answers such as 103 Early Hints that may stand before the one that counts."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int


class _FinalResponse(http.client.HTTPResponse):
    """The answer behind the interim ones (RFC 9110, section 15.2), which only 100 has skipped."""

    def begin(self) -> None:
        for _ in range(MAX_INTERIM + 1):
            super().begin()
            if not 100 <= self.status < 200 or self.status == 101:
                return
            # It reads where there are no headers yet.
            self.headers = None  # type: ignore[assignment]
        raise http.client.HTTPException("no end of interim answers")


class Fetcher:
    """Fetches pages by the settings of `FetchConfig`; safe to share between threads.

    Raises:
        ConfigError: a setting cannot be used.
    """

    def __init__(self, config: FetchConfig, resolver: Resolver | None = None) -> None:
        self._config = config
        self._guard = AddressGuard(config)
        self._resolver = SystemResolver() if resolver is None else resolver
        self._gate = HostGate(config.per_host_concurrency, config.per_host_rate)
        self._robots = RobotsPolicy(config.user_agent) if config.obey_robots else None
        self._tls = _tls_context(config)
        self._proxy = _parse_proxy(config.proxy) if config.proxy else None

    def canonical(self, url: str) -> str:
        """The one spelling of a URL, without its fragment; at most 2,048 characters as given.

        Raises:
            UrlNotAllowed: its text is not read as a URL to fetch.
        """
        return self._guard.target(url).url

    def fetch(
        self,
        url: str,
        *,
        deadline_s: float | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> FetchedPage:
        """The page at `url`, after redirects.

        `deadline_s` can only shorten the configured one. `cancelled` is asked about four times a
        second.

        Raises:
            UrlNotAllowed, ArticleUnreachable, ArticleTimeout, ArticleTooLarge, NotAnArticle,
            BlockedBySite: see `errors.py`.
            RateLimited: too many wait for this host already.
            RequestAborted: `cancelled()` became true.
        """
        seconds = min(self._config.deadline_s, deadline_s or self._config.deadline_s)
        deadline = Deadline(seconds, cancelled)
        target = self._guard.target(url)
        return self._follow(
            target, deadline, sniff.require_page_type, lambda hop: self._permit(hop, deadline)
        )

    def _follow(
        self,
        target: Target,
        deadline: Deadline,
        accept: Callable[[str], object],
        permit: Callable[[Target], object],
    ) -> FetchedPage:
        """`permit` is asked before each hop, `accept` about the last one's Content-Type."""
        for _ in range(MAX_REDIRECTS + 1):
            permit(target)
            answer = self._ask(target, deadline, accept)
            if isinstance(answer, FetchedPage):
                return answer
            target = self._redirected(target, answer)
        raise UrlNotAllowed(f"The URL leads through more than {MAX_REDIRECTS} redirects.")

    def _permit(self, target: Target, deadline: Deadline) -> None:
        if self._robots:
            self._robots.require(target, lambda robots: self._robots_txt(robots, deadline))

    def _robots_txt(self, target: Target, deadline: Deadline) -> str:
        page = self._follow(target, deadline, accept=_anything, permit=_anything)
        return page.body.decode("utf-8", "replace")

    def _ask(
        self, target: Target, deadline: Deadline, accept: Callable[[str], object]
    ) -> FetchedPage | str:
        """One request: a page, or the Location of a redirect."""
        with self._gate.enter(target.host, deadline):
            addresses = self._resolver.resolve(target.host, deadline)
            self._guard.judge(addresses)
            try:
                with closing(self._connection(target, addresses, deadline)) as sock:
                    connection = http.client.HTTPConnection(target.host, target.port)
                    connection.response_class = _FinalResponse
                    connection.sock = DeadlineSocket(sock, deadline)
                    connection.request("GET", target.path, headers=self._headers(target))
                    return self._answer(target, connection.getresponse(), deadline, accept)
            except (OSError, http.client.HTTPException, ValueError):
                raise ArticleUnreachable(CANNOT_FETCH) from None

    def _answer(
        self,
        target: Target,
        response: http.client.HTTPResponse,
        deadline: Deadline,
        accept: Callable[[str], object],
    ) -> FetchedPage | str:
        location = response.getheader("Location")
        if response.status in _REDIRECTS and location:
            return location
        refuse_status(response.status, response.getheader("Retry-After"))
        content_type = response.getheader("Content-Type") or ""
        accept(content_type)
        body = read_body(
            framed(response.fp, response.headers, self._config.max_bytes),
            response.getheader("Content-Encoding") or "",
            self._config.max_bytes,
            deadline.remaining,
        )
        return FetchedPage(target.url, body, content_type)

    def _redirected(self, target: Target, location: str) -> Target:
        """Where a redirect leads: judged like any other URL, and never from https to http."""
        # http.client reads headers as Latin-1, while sites send UTF-8.
        text = location.strip().encode("latin-1", "replace").decode("utf-8", "replace")
        try:
            url = urljoin(target.url, quote(text, safe="/?:@!$&'()*+,;=~%[]#\\"))
        except ValueError:
            raise UrlNotAllowed("The URL leads to one that cannot be read.") from None
        following = self._guard.target(url)
        if target.scheme == "https" and following.scheme == "http":
            raise UrlNotAllowed("The URL leads from https to http.")
        return following

    def _headers(self, target: Target) -> dict[str, str]:
        return {
            "Host": target.netloc,
            "User-Agent": self._config.user_agent,
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
            "Accept-Encoding": ACCEPT_ENCODING,
            "Connection": "close",
        }

    def _connection(
        self, target: Target, addresses: list[IPAddress], deadline: Deadline
    ) -> socket.socket:
        """A socket to the site, with TLS where the URL says so."""
        sock = self._connected(target, addresses[:MAX_ADDRESSES], deadline)
        if target.scheme == "http":
            return sock
        try:
            return start_tls(sock, self._tls, target.host, deadline)
        except BaseException:
            sock.close()
            raise

    def _connected(
        self, target: Target, addresses: list[IPAddress], deadline: Deadline
    ) -> socket.socket:
        """The first judged address that answers; each has its share of the time left."""
        failure = OSError()
        for tried, address in enumerate(addresses):
            share = deadline.remaining() / (len(addresses) - tried)
            try:
                if self._proxy:
                    return self._tunnel(self._proxy, address, target.port, deadline, share)
                family = socket.AF_INET if address.version == 4 else socket.AF_INET6
                return connect((str(address), target.port), family, deadline, share)
            except OSError as error:
                failure = error
        silent = isinstance(failure, TimeoutError)
        raise (ArticleTimeout if silent else ArticleUnreachable)(CANNOT_FETCH)

    def _tunnel(
        self, proxy: _Proxy, address: IPAddress, port: int, deadline: Deadline, share: float
    ) -> socket.socket:
        """Through the egress proxy to the judged address; the proxy resolves nothing."""
        at = self._resolver.resolve(proxy.host, deadline)[0]
        family = socket.AF_INET if at.version == 4 else socket.AF_INET6
        sock = connect((str(at), proxy.port), family, deadline, share)
        to = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        try:
            deadline_sock = DeadlineSocket(sock, deadline)
            deadline_sock.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
            _require_tunnel(sock, deadline)
        except BaseException:
            sock.close()
            raise
        return sock


def _require_tunnel(sock: socket.socket, deadline: Deadline) -> None:
    """Read the proxy's answer byte by byte: what follows it belongs to the site."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = deadline.patiently(sock, lambda: sock.recv(1))
        head += byte
        if not byte or len(head) > 8192:
            raise OSError("the proxy closed")
    if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
        raise OSError("the proxy refused")


def _anything(_: object) -> None:
    """Any hop, any type: robots.txt is judged by its content."""


def _tls_context(config: FetchConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"DOC2TWEET_FETCH_CA_FILE={config.ca_file}: {error}") from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _parse_proxy(url: str) -> _Proxy:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        _refuse_proxy(url)
    if parts.scheme != "http" or not parts.hostname or parts.username:
        _refuse_proxy(url)
    return _Proxy(parts.hostname, port or 3128)


def _refuse_proxy(url: str) -> NoReturn:
    raise ConfigError(f"DOC2TWEET_FETCH_PROXY={url!r}: must look like http://host:port")
