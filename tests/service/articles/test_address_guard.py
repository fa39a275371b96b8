"""The rows of the address and URL-text rules, and both oracles."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import ip_address, ip_network
from unittest import mock

import pytest
import requests
import requests_hardened.ip_filter
import ssrfguard
from hypothesis import example, given
from hypothesis import strategies as st

from service.articles.address_guard import MAX_URL_CHARS, AddressGuard
from service.config import FetchConfig
from service.errors import ConfigError, UrlNotAllowed

GUARD = AddressGuard(FetchConfig())
ORACLE = ssrfguard.Policy()


def refused(url: str, **settings: tuple[str, ...]) -> bool:
    try:
        guard = AddressGuard(FetchConfig(**settings))  # type: ignore[arg-type]
        target = guard.target(url)
    except UrlNotAllowed:
        return True
    try:
        return not guard.allows(ip_address(target.host))
    except ValueError:
        return False


@pytest.mark.parametrize(
    "url",
    [
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://0./",
        "http://127.0.0.1./",
        "http://127.0.0.1:80/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[0:0:0:0:0:ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://①②⑦.0.0.1/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.0.0.192/",
        "http://100.100.100.200/",
        "http://168.63.129.16/",
        "http://[fd00:ec2::254]/",
        "http://255.255.255.255/",
        "http://1.2.3/",
        "http://example.0x1/",
    ],
)
def test_an_inner_address_however_spelt_is_refused(url: str) -> None:
    assert refused(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://user@127.0.0.1/",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://@example.com/",
        "http://example.com:22/",
        "http://example.com:0/",
        "http://example.com:99999999/",
        "http://example.com:８０/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "data:text/html,hello",
        "javascript:alert(1)",
        "//example.com/",
        "example.com",
        "",
        "http://",
        "http:///path",
        "http:example.com",
        "http://[fe80::1%25lo]/",
        "http://[fe80::1%lo]/",
        "http://a.example\\@127.0.0.1/",
        "http://a.example/\\x",
        "http://exa mple.com/",
        " http://example.com/",
        "http://example.com/a b",
        "http://example.com/\r\nHost:x",
        "http://example.com/\x00",
        "http://example.com/\x7f",
        "http://example.com/\ud800",
        "http://exam\tple.com/",
        "http://example%2ecom/",
        "http://[::1]evil.example/",
        "http://[::1/",
        "http://[v1.x]/",
        "http://[example.com]/",
        "http://exa_mple.com/",
        "http://-example.com/",
        "http://exam..ple.com/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a.b" * 100 + ".example/",
        "http://\u200bexample.com/",
        "http://exam\u202eple.com/",
    ],
)
def test_what_is_ambiguous_or_foreign_is_refused(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        GUARD.target(url)


def test_a_url_may_be_long_but_not_too_long() -> None:
    url = "http://example.com/"
    assert GUARD.target(url.ljust(MAX_URL_CHARS, "a")).path
    with pytest.raises(UrlNotAllowed):
        GUARD.target(url.ljust(MAX_URL_CHARS + 1, "a"))


@pytest.mark.parametrize(
    ("url", "netloc", "path"),
    [
        ("https://Example.COM", "example.com", "/"),
        ("https://example.com.:443/a?b=c#d", "example.com", "/a?b=c"),
        ("HTTP://münchen.example/straße?q=ä", "xn--mnchen-3ya.example", "/stra%C3%9Fe?q=%C3%A4"),
        ("http://例え.テスト/", "xn--r8jz45g.xn--zckzah", "/"),
        ('http://example.com/a"<b>', "example.com", "/a%22%3Cb%3E"),
        ("http://8.8.8.8/x%20y", "8.8.8.8", "/x%20y"),
        ("http://[2606:4700::1111]/", "[2606:4700::1111]", "/"),
    ],
)
def test_a_plain_url_is_read_in_one_way(url: str, netloc: str, path: str) -> None:
    target = GUARD.target(url)
    assert (target.netloc, target.path) == (netloc, path)
    assert GUARD.target(target.url) == target


@pytest.mark.parametrize(
    "network",
    [
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10", "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "198.18.0.0/15"),
    ],
)
def test_no_address_of_an_inner_network_passes(network: str) -> None:
    whole = ip_network(network)
    assert not GUARD.allows(whole.network_address)
    assert not GUARD.allows(whole.broadcast_address)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_pass(text: str) -> None:
    assert GUARD.allows(ip_address(text))


def test_every_address_is_judged() -> None:
    with pytest.raises(UrlNotAllowed):
        GUARD.judge([ip_address("8.8.8.8"), ip_address("10.0.0.1")])
    with pytest.raises(UrlNotAllowed):
        GUARD.judge([])


def test_an_allowed_network_opens_what_it_names_and_nothing_else() -> None:
    guard = AddressGuard(FetchConfig(allowed_networks=("127.0.0.0/8",), allowed_ports=("9000",)))
    assert guard.allows(ip_address("127.0.0.1"))
    assert guard.allows(ip_address("::ffff:127.0.0.1"))
    assert not guard.allows(ip_address("10.0.0.1"))
    assert not guard.allows(ip_address("::1"))
    with pytest.raises(UrlNotAllowed):
        guard.target("http://127.0.0.1:9001/")
    with pytest.raises(UrlNotAllowed):
        guard.target("http://127.0.0.1/")


@pytest.mark.parametrize(
    "settings", [{"allowed_networks": ("localhost",)}, {"allowed_ports": ("http",)}]
)
def test_settings_that_mean_nothing_are_named(settings: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_FETCH_ALLOWED"):
        AddressGuard(FetchConfig(**settings))  # type: ignore[arg-type]


def test_the_message_holds_no_address() -> None:
    with pytest.raises(UrlNotAllowed) as caught:
        GUARD.judge([ip_address("10.1.2.3")])
    assert "10.1.2.3" not in caught.value.detail


NEAR = st.sampled_from([block.network for block in ssrfguard.DEFAULT_DENIED.blocks]).flatmap(
    lambda network: st.integers(
        max(0, int(network.network_address) - 2),
        min((1 << network.max_prefixlen) - 1, int(network.broadcast_address) + 2),
    ).map(
        lambda number: (
            ip_address(number) if network.version == 4 else ip_address(number.to_bytes(16, "big"))
        )
    )
)
ADDRESSES = st.one_of(NEAR, st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(ADDRESSES)
@example(ip_address("192.0.0.192"))
@example(ip_address("64:ff9b::7f00:1"))
def test_what_ssrfguard_refuses_is_refused(address: ssrfguard.Address) -> None:
    if not ORACLE.permits_address(address):
        assert not GUARD.allows(address)


@given(ADDRESSES)
def test_what_requests_hardened_refuses_is_refused(address: ssrfguard.Address) -> None:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    answer = [(family, socket.SOCK_STREAM, 6, "", (str(address), 80))]
    with mock.patch.object(socket, "getaddrinfo", return_value=answer):
        try:
            requests_hardened.ip_filter.get_ip_address("name.example", 80, allow_loopback=False)
        except requests.RequestException:
            assert not GUARD.allows(address)


HOSTS = st.one_of(
    ADDRESSES.map(lambda a: f"[{a}]" if a.version == 6 else str(a)),
    st.ip_addresses(v=4).map(lambda a: str(int(a))),
    st.ip_addresses(v=4).map(lambda a: hex(int(a))),
    st.ip_addresses(v=4).map(lambda a: ".".join(oct(b).replace("o", "") for b in a.packed)),
    st.from_regex(r"[a-z0-9_.\-%@:\\\[\]①。]{1,20}", fullmatch=True),
)


@given(
    st.sampled_from(["http://", "https://", "HTTP://", "ftp://", "http:/", "//"]),
    HOSTS,
    st.sampled_from(["", "/", ":80", ":443/", ":22/", ":/", "\\", "/ ", "?a", "#a", "@b/", "%2f"]),
)
def test_a_url_that_ssrfguard_refuses_is_refused(scheme: str, host: str, rest: str) -> None:
    url = scheme + host + rest
    try:
        ORACLE.check_url(url)
    except ssrfguard.SSRFGuardError:
        assert refused(url)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"http://example.com/{text}"):
        with contextlib.suppress(UrlNotAllowed):
            assert GUARD.target(url).url.isascii()
