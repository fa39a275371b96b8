"""Results as a table, each beside the project's own. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

from bench.results import Level, SystemResult

_HEAD = (
    "system",
    "clients",
    "tok/s",
    "doc2tweet is",
    "TTFT p50 / p95 ms",
    "TPOT p50 / p95 ms",
    "prefill tok/s",
    "decode tok/s",
    "start s",
    "peak MB",
)


def table(results: Sequence[SystemResult]) -> str:
    """Markdown; first in process, then over HTTP. The ratio is to doc2tweet in the same place."""
    parts = []
    for over_http in (False, True):
        group = [result for result in results if result.over_http == over_http]
        if group:
            parts.append(_group("over HTTP" if over_http else "in process", group))
    return "\n\n".join(parts)


def _group(title: str, results: Sequence[SystemResult]) -> str:
    lines = [f"**{title}**", "", _row(_HEAD), _row(["---"] * len(_HEAD))]
    own = {level.clients: level for r in results if r.name == "doc2tweet" for level in r.levels}
    for result in results:
        lines += [_row(_cells(result, level, own)) for level in result.levels]
    return "\n".join(lines)


def _cells(result: SystemResult, level: Level, own: dict[int, Level]) -> list[str]:
    first = level is result.levels[0]
    mine = own.get(level.clients)
    once = (
        f"{result.prefill_tokens_per_s:,.0f}",
        f"{result.decode_tokens_per_s:,.0f}",
        f"{result.startup_s:.1f}",
        f"{result.peak_mb:,.0f}",
    )
    return [
        f"{result.name} {result.version}" if first else "",
        str(level.clients),
        f"{level.tokens_per_s:,.0f}",
        f"{mine.tokens_per_s / level.tokens_per_s:.2f} ×" if mine else "",
        f"{level.ttft_p50_ms:,.0f} / {level.ttft_p95_ms:,.0f}",
        f"{level.tpot_p50_ms:.1f} / {level.tpot_p95_ms:.1f}",
        *(once if first else [""] * len(once)),
    ]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
