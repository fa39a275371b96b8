"""Whether a tweet copies one that the model was trained on.

A model folder may hold an index of its training tweets: short hashes of their word n-grams and no
text. A run of shared words shows as n-grams in a row that are all known. Runs shorter than an
n-gram are not seen, and pieces of several tweets that follow on from each other count as one run,
so the length errs upward.

File: magic, count (uint64), SHA-256 of what follows, then zlib of the sorted hashes' differences,
byte plane by byte plane: 40-bit hashes, about 2.6 bytes each for the 2 million n-grams of 100,000
tweets.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.errors import ModelDamaged
from service.tweets.entities import LINK_MARK, link_spans
from service.tweets.tweet import Overlap, TweetRules
from service.tweets.words import words

GRAM = 5
"""Words of an n-gram; a shorter tweet is one gram as a whole."""
FILE_NAME = "training-tweets.idx"
_MAGIC = b"doc2tweet overlap 1\n"
_PLANES = 5
_HEADER = len(_MAGIC) + 8 + 32
_MAX_GRAMS = 1 << 28

_Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class OverlapIndex:
    """The n-grams of the training tweets, as sorted hashes."""

    hashes: _Hashes

    def overlap(self, text: str) -> Overlap:
        """The longest run of words of `text` that stands in the training tweets."""
        found = _spoken_words(text)
        if not found or not len(self.hashes):
            return Overlap()
        grams = np.array(_gram_hashes(found), dtype=np.uint64)
        at = np.minimum(np.searchsorted(self.hashes, grams), len(self.hashes) - 1)
        longest = _longest_run(self.hashes[at] == grams)
        length = min(longest + GRAM - 1, len(found)) if longest else 0
        return Overlap(length, length / len(found))

    def to_bytes(self) -> bytes:
        """The file that `read_index` reads."""
        steps = np.diff(self.hashes, prepend=np.uint64(0)).astype("<u8")
        planes = steps.view(np.uint8).reshape(-1, 8)[:, :_PLANES].T
        body = zlib.compress(np.ascontiguousarray(planes).tobytes(), 6)
        count = len(self.hashes).to_bytes(8, "little")
        return _MAGIC + count + hashlib.sha256(count + body).digest() + body


EMPTY = OverlapIndex(np.zeros(0, dtype=np.uint64))
"""Of a model that comes without an index: nothing is a copy."""


def build_index(tweets: Iterable[str]) -> OverlapIndex:
    """Index training tweets; ten microseconds a tweet and word."""
    grams: set[int] = set()
    for tweet in tweets:
        found = _spoken_words(tweet)
        grams.update(_gram_hashes(found) if found else ())
    return OverlapIndex(np.array(sorted(grams), dtype=np.uint64))


def read_index(path: Path) -> OverlapIndex:
    """Load an index; a model folder without one has the empty index.

    Raises:
        ModelDamaged: the file is not what was written.
    """
    if not path.exists():
        return EMPTY
    data = path.read_bytes()
    count_bytes, body = data[len(_MAGIC) : len(_MAGIC) + 8], data[_HEADER:]
    digest = hashlib.sha256(count_bytes + body).digest()
    if not data.startswith(_MAGIC) or data[len(_MAGIC) + 8 : _HEADER] != digest:
        raise ModelDamaged(f"{path} is damaged; export the model again")
    count = int.from_bytes(count_bytes, "little")
    planes = np.frombuffer(zlib.decompress(body), dtype=np.uint8).reshape(_PLANES, count)
    steps = np.zeros((count, 8), dtype=np.uint8)
    steps[:, :_PLANES] = planes.T
    return OverlapIndex(np.cumsum(steps.view("<u8").ravel(), dtype=np.uint64))


def is_memorised(overlap: Overlap, rules: TweetRules) -> bool:
    """Whether a tweet shares too long a run with a training tweet; the bounds are markovify's."""
    return overlap.words > rules.max_overlap_words or overlap.share > rules.max_overlap_share


def _spoken_words(text: str) -> list[str]:
    """Words without links: a copied tweet with another link is still a copy."""
    text = text.replace(LINK_MARK, " ")
    for start, end in reversed(link_spans(text)):
        text = f"{text[:start]} {text[end:]}"
    return words(re.sub(r"\s+", " ", text))


def _gram_hashes(found: list[str]) -> list[int]:
    size = min(GRAM, len(found))
    return [
        int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=_PLANES).digest(), "little")
        for gram in (" ".join(found[i : i + size]) for i in range(len(found) - size + 1))
    ]


def _longest_run(hits: NDArray[np.bool_]) -> int:
    """Most True values in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hits.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
