"""`training.txt`: the pairs as one marked text, for tools that learn from plain files.

<|doc|>title, head of the article<|endofdoc|><|tweet|>tweet<|endoftweet|>
<|startoftext|>tweet<|endoftext|>          without an article
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from service.prompts import DOC, END_OF_DOC, END_OF_TWEET, TWEET
from service.sentences import cut_at_word, split_sentences
from training.files import atomic_writer
from training.pairs import Pair

START_OF_TEXT, END_OF_TEXT = "<|startoftext|>", "<|endoftext|>"
_MARKER = re.compile(r"<\|(\w+)\|>")


def head(text: str, max_chars: int) -> str:
    """As many whole sentences as fit; of a first one that is longer, as many words."""
    kept = ""
    for sentence in split_sentences(text):
        if len((kept + sentence).rstrip()) > max_chars:
            break
        kept += sentence
    return kept.rstrip() or cut_at_word(text, max_chars)


def as_text(pair: Pair, head_chars: int) -> str:
    """One example; whatever looks like a marker in article or tweet loses its brackets."""
    tweet = _plain(pair.tweet)
    if not pair.article:
        return f"{START_OF_TEXT}{tweet}{END_OF_TEXT}"
    parts = (pair.title, head(pair.article, head_chars))
    article = "\n".join(_plain(part) for part in parts if part)
    return f"{DOC}{article}{END_OF_DOC}{TWEET}{tweet}{END_OF_TWEET}"


def write_training_text(path: Path, pairs: Iterable[Pair], head_chars: int) -> None:
    """Those of the split `train` only: what is held out must not be learnt."""
    with atomic_writer(path) as out:
        for pair in pairs:
            if pair.split == "train":
                out.write(as_text(pair, head_chars) + "\n")


def _plain(text: str) -> str:
    return _MARKER.sub(r"\1", text)
