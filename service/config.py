"""All settings, as frozen dataclasses, and the only reader of `os.environ` in the project.

A setting `x` of section `fetch` is the variable `DOC2TWEET_FETCH_X`; those of the section `server`
have no section in their name. `docs/configuration.md` is generated from this file
(`python -m service.config`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, get_type_hints

from service.errors import ConfigError

PREFIX = "DOC2TWEET_"
_GIB, _HOUR_S, _DAY_S = 2**30, 3_600, 86_400
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def setting(
    default: Any,
    text: str,
    *,
    least: float | None = None,
    most: float | None = None,
    secret: bool = False,
    check: Callable[[str], None] | None = None,
) -> Any:
    """A dataclass field that knows its documentation and its bounds; a secret is never shown.

    Args:
        least, most: of a number, which always has both: what is past them breaks the service.
        check: of a text, or of each in a list; raises ValueError with what it must be.
    """
    known = {"help": text, "least": least, "most": most, "check": check}
    return field(default=default, repr=not secret, metadata=known)


def _is_host(text: str) -> None:
    if ":" in text:
        IPv6Address(text.removeprefix("[").removesuffix("]"))
    elif not re.fullmatch(r"[A-Za-z0-9._-]+", text):
        raise ValueError("must be a name or an address")


def _is_origin(text: str) -> None:
    if text == "*":
        raise ValueError("name each origin; a page of any origin at all may not call")
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@\sA-Z]+", text):
        raise ValueError(
            f"{text} must be written as browsers send it: https://app.example, "
            "in small letters, without a path"
        )


def _is_header(text: str) -> None:
    if not re.fullmatch(r"[\x20-\x7e]+", text):
        raise ValueError("must be printable ASCII, since it becomes a header")


def _is_port(text: str) -> None:
    if text != "*" and not (text.isdecimal() and 1 <= int(text) <= 65535):
        raise ValueError("each must be from 1 to 65535, or `*`")


def _is_rate(text: str) -> None:
    if any(not 1 <= int(number) <= 10**9 for number in re.findall(r"\d+", text)):
        raise ValueError("every number of it must be from 1 to a thousand million")


def _is_url(text: str) -> None:
    if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", text):
        raise ValueError("must look like https://host")


def _is_level(text: str) -> None:
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError("must be debug, info, warning or error")


@dataclass(frozen=True, slots=True)
class ServerConfig:
    host: str = setting("127.0.0.1", "Address to listen on, IPv4 or IPv6.", check=_is_host)
    port: int = setting(8000, "Port to listen on.", least=0, most=65535)
    models_dir: Path | None = setting(
        None,
        "Where models are looked for and built; default `models/` of a checkout, "
        "else the user's data folder.",
    )
    models: tuple[str, ...] = setting(
        (),
        "Names of the models to serve, the first being the default of /generate and /chat; "
        "default: those that come with the project.",
    )
    max_body_bytes: int = setting(1_048_576, "Largest request body.", least=1024, most=_GIB)
    request_timeout_s: float = setting(
        120.0, "Deadline of a request, queue included.", least=0.1, most=_DAY_S
    )
    socket_timeout_s: int = setting(
        15, "Longest silence of a client while it sends or receives.", least=1, most=_HOUR_S
    )
    drain_s: float = setting(
        30.0, "How long requests in flight may go on after SIGTERM.", least=0, most=_HOUR_S
    )


@dataclass(frozen=True, slots=True)
class EngineConfig:
    max_num_seqs: int = setting(16, "Sequences decoded together (KV slots).", least=1, most=256)
    max_model_len: int = setting(
        2048, "Tokens of prompt and answer together.", least=64, most=1_048_576
    )
    max_queued: int = setting(32, "Requests that may wait for a slot.", least=0, most=10_000)
    num_threads: int = setting(0, "Threads of a model step; 0 is one a core.", least=0, most=256)


@dataclass(frozen=True, slots=True)
class FetchConfig:
    allowed_networks: tuple[str, ...] = setting(
        (),
        "Networks that may be fetched from although they are not public (CIDR, comma-separated).",
    )
    allowed_ports: tuple[str, ...] = setting(
        ("80", "443"), "Ports that may be fetched from; `*`: all.", check=_is_port
    )
    deadline_s: float = setting(
        10.0,
        "Whole time for waiting, look-up, connection, redirects and body.",
        least=0.1,
        most=_HOUR_S,
    )
    max_bytes: int = setting(
        5_000_000, "Largest page, counted after decompression.", least=1024, most=100_000_000
    )
    user_agent: str = setting(
        "doc2tweet/0.1 (article reader)", "How sites see this service.", check=_is_header
    )
    proxy: str | None = setting(
        None,
        "Egress proxy, `http://host:port`, asked to CONNECT to the judged address.",
    )
    ca_file: Path | None = setting(
        None, "Certificates (PEM) to trust in place of the system's own."
    )
    obey_robots: bool = setting(
        False,
        "Ask robots.txt before a page a user names; scraping for training always asks.",
    )
    per_host_concurrency: int = setting(
        4, "Pages of one host fetched at once.", least=1, most=1_000
    )
    per_host_rate: float = setting(
        10.0, "Pages of one host begun a second.", least=0.01, most=1_000_000
    )
    cache_size: int = setting(256, "Articles kept; 0 turns the cache off.", least=0, most=100_000)
    cache_ttl_s: float = setting(300.0, "How long an article is kept.", least=0, most=30 * _DAY_S)
    cache_failure_ttl_s: float = setting(10.0, "How long a refusal is kept.", least=0, most=_DAY_S)
    extract_children: int = setting(2, "Processes that read pages.", least=1, most=64)
    extract_timeout_s: float = setting(2.0, "Longest time to read a page.", least=0.1, most=120)
    extract_memory_mb: int = setting(
        1024, "Address space of a process that reads pages.", least=256, most=65_536
    )
    min_text_chars: int = setting(
        200,
        "Least text of an article; a character of Chinese or Japanese counts three.",
        least=1,
        most=100_000,
    )


@dataclass(frozen=True, slots=True)
class DraftsConfig:
    serve: bool = setting(
        False,
        "Serve `/drafts`. Whoever may call the service may then review and post, so give it keys.",
    )
    database_url: str | None = setting(
        None,
        "Where drafts are kept, as SQLAlchemy writes it (`postgresql+psycopg://…`); "
        "default: `drafts.db` in the user's data folder.",
    )


@dataclass(frozen=True, slots=True)
class PostingConfig:
    accounts_file: Path | None = setting(
        None, "TOML file of the accounts that may be posted to; without it nothing is posted."
    )
    claim_s: float = setting(
        300.0,
        "After this many seconds a claim on a draft counts as left by a process that died. "
        "Keep it well over the time a post can take.",
        least=1,
        most=_DAY_S,
    )


@dataclass(frozen=True, slots=True)
class XConfig:
    bearer_token: str | None = setting(
        None,
        "App token of the X API, to import an account's tweets.",
        secret=True,
        check=_is_header,
    )
    api_url: str = setting("https://api.x.com", "Where the X API v2 answers.", check=_is_url)
    timeout_s: float = setting(30.0, "How long X may stay silent.", least=0.1, most=120)


@dataclass(frozen=True, slots=True)
class ApiConfig:
    keys_file: Path | None = setting(
        None, "File of API keys (docs/operations.md); without it nobody needs a key."
    )
    rate: str = setting(
        "",
        "Most requests of one key or address, such as `60/minute;1000/day`; empty: no limit.",
        check=_is_rate,
    )
    rate_storage: str = setting(
        "memory://", "Where rates are counted; `redis://host:6379` for several machines."
    )
    cors_origins: tuple[str, ...] = setting(
        (), "Web origins whose pages may call the API, each by name.", check=_is_origin
    )
    num_proxies: int = setting(
        0, "Proxies in front whose `X-Forwarded-For` is believed.", least=0, most=10
    )
    heartbeat_s: float = setting(
        10.0,
        "A stream silent for so long gets a comment as a sign of life.",
        least=0.1,
        most=_HOUR_S,
    )


@dataclass(frozen=True, slots=True)
class LogConfig:
    level: str = setting("info", "debug, info, warning or error.", check=_is_level)
    traces: bool = setting(False, "Send spans by OpenTelemetry; needs the extra `otel`.")
    user_text: bool = setting(False, "Whether logs may hold prompts, URLs and error messages.")


@dataclass(frozen=True, slots=True)
class UpstreamConfig:
    api_key: str | None = setting(
        None, "Key for the servers that models name as `upstream`.", secret=True, check=_is_header
    )
    timeout_s: float = setting(
        30.0, "How long such a server may stay silent.", least=0.1, most=_HOUR_S
    )
    max_open: int = setting(
        64, "Requests that may be under way at one such model.", least=1, most=10_000
    )


@dataclass(frozen=True, slots=True)
class Config:
    server: ServerConfig = field(default_factory=ServerConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    fetch: FetchConfig = field(default_factory=FetchConfig)
    drafts: DraftsConfig = field(default_factory=DraftsConfig)
    posting: PostingConfig = field(default_factory=PostingConfig)
    upstream: UpstreamConfig = field(default_factory=UpstreamConfig)
    x: XConfig = field(default_factory=XConfig)
    api: ApiConfig = field(default_factory=ApiConfig)
    log: LogConfig = field(default_factory=LogConfig)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Read every `DOC2TWEET_*` variable.

        Raises:
            ConfigError: a value does not parse or is out of bounds, or a name is unknown.
        """
        env = os.environ if environ is None else environ
        known = {name for section in fields(cls) for name, _ in _variables(section)}
        unknown = sorted(name for name in env if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise ConfigError(f"{unknown[0]} is no setting; docs/configuration.md lists them")
        return cls(**{section.name: _read_section(section, env) for section in fields(cls)})


def user_data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The user's own data folder of this project, as the XDG base directory rules have it."""
    env = os.environ if environ is None else environ
    home = env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "doc2tweet"


def hub_endpoint(environ: Mapping[str, str] | None = None) -> str:
    """Address of the model hub; `HF_ENDPOINT` is what every other tool reads too."""
    env = os.environ if environ is None else environ
    return (env.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def child_environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This process's environment with settings of the section `server` replaced, for a child.

    A setting that is None stays as it is.
    """
    given = {PREFIX + name: str(value) for name, value in settings.items() if value is not None}
    return {**os.environ, **given}


def _section_type(section: Field[Any]) -> Any:
    return get_type_hints(Config)[section.name]


def _variables(section: Field[Any]) -> list[tuple[str, Field[Any]]]:
    """(environment variable, field) of a section, in the order of the file."""
    infix = "" if section.name == "server" else f"{section.name.upper()}_"
    return [(f"{PREFIX}{infix}{f.name.upper()}", f) for f in fields(_section_type(section))]


def _read_section(section: Field[Any], env: Mapping[str, str]) -> Any:
    hints = get_type_hints(_section_type(section))
    given = {
        f.name: _parse(name, env[name], hints[f.name], f)
        for name, f in _variables(section)
        if name in env
    }
    return _section_type(section)(**given)


def _parse(name: str, text: str, kind: Any, f: Field[Any]) -> Any:
    try:
        value = _convert(text.strip(), kind)
        _check(value, f)
    except (ValueError, RuntimeError) as error:  # RuntimeError: the home folder of nobody
        raise ConfigError(f"{name}={repr(text) if f.repr else '…'}: {error}") from None
    return value


def _check(value: Any, f: Field[Any]) -> None:
    """Raises: ValueError: with what it must be."""
    least, most = f.metadata["least"], f.metadata["most"]
    # Written so that NaN is refused too; infinity is more than any bound.
    if least is not None and not least <= value <= most:
        raise ValueError(f"must be from {least} to {most}")
    for text in (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ():
        if not text.isprintable():
            raise ValueError("must not hold control characters")
        if f.metadata["check"]:
            f.metadata["check"](text)


def _convert(text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError("use true or false")
        return text.lower() in _TRUE
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if kind == Path | None:
        return Path(text).expanduser() if text else None
    if kind == str | None:
        return text or None
    return kind(text)


def _default_text(f: Field[Any]) -> str:
    if f.default is MISSING or f.default is None or f.default == ():
        return ""
    return f"`{','.join(f.default) if isinstance(f.default, tuple) else f.default}`"


def _range_text(f: Field[Any]) -> str:
    least, most = f.metadata["least"], f.metadata["most"]
    return "" if least is None else f"{least} to {most}"


def as_markdown() -> str:
    """The reference page of all settings."""
    lines = [
        "# Configuration",
        "",
        "Generated by `python -m service.config`; do not edit. "
        "Every setting is an environment variable.",
    ]
    for section in fields(Config):
        lines += ["", f"## {section.name}", ""]
        lines += ["| variable | default | allowed | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{name}` | {_default_text(f)} | {_range_text(f)} | {f.metadata['help']} |"
            for name, f in _variables(section)
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_markdown())
