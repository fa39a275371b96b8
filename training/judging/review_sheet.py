"""A page to read side by side what each way made of an article. One file, no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from training.judging.table import BODY, TITLE, Evaluation
from training.pairs import Pair

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
article { border-top: 1px solid #8886; padding: 1rem 0; }
dl { display: grid; grid-template-columns: 14rem 1fr; gap: .3rem 1rem; }
dt { color: #666; } dd { margin: 0; }
dd.true { font-weight: 600; }
details { color: #666; }
"""


def review_sheet(evaluation: Evaluation, pairs: Sequence[Pair]) -> str:
    """HTML; the rows that saw only titled pairs are shown for those. An id may come twice."""
    titled = [number for number, pair in enumerate(pairs) if pair.title]
    texts: list[list[tuple[str, str]]] = [[] for _ in pairs]
    for row in evaluation.rows:
        if row.given not in (BODY, TITLE):
            continue  # made of texts that are shown already
        seen = range(len(pairs)) if row.given == BODY else titled
        for number, text in zip(seen, row.texts, strict=True):
            texts[number].append((f"{row.name} ({row.given})", text))
    body = "\n".join(map(_article, pairs, texts))
    title = f"{escape(evaluation.model)}: {len(pairs)} tweets side by side"
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style>\n<h1>{title}</h1>\n{body}\n</html>\n"
    )


def _article(pair: Pair, texts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in texts)
    return (
        f"<article><dl><dt>true tweet</dt><dd class='true'>{escape(pair.tweet)}</dd>{rows}</dl>"
        f"<details><summary>article</summary><p>{escape(pair.article[:3000])}</p></details>"
        "</article>"
    )
