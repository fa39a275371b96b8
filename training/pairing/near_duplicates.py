"""Which texts say nearly the same.

MinHash with locality-sensitive hashing (Broder 1997; the library datasketch) finds the candidates
in linear time; the exact Jaccard similarity of their character 5-grams decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datasketch import MinHash, MinHashLSH

from service.executor import Executor, InlineExecutor
from training.importers.selection import fold

_SHINGLE_CHARS = 5
_MAX_CHARS = 2000
"""The head of an article is enough to know it again."""
_NUM_PERM = 128
_CHUNK = 512


def similar_pairs(
    texts: Sequence[str], least: float, executor: Executor | None = None
) -> Iterator[tuple[int, int, float]]:
    """(earlier index, later index, similarity from `least` to 1) of every two texts so alike.

    Texts without a letter or digit are like no other. `executor` computes the hashes, the part
    that costs; default: here.
    """
    index = MinHashLSH(threshold=least, num_perm=_NUM_PERM)
    shingles = [_shingles(text) for text in texts]
    for number, minhash in enumerate(_hashes(texts, executor or InlineExecutor())):
        if not shingles[number]:
            continue
        for earlier in sorted(index.query(minhash)):
            similarity = _jaccard(shingles[earlier], shingles[number])
            if similarity >= least:
                yield earlier, number, similarity
        index.insert(number, minhash)


def _hashes(texts: Sequence[str], executor: Executor) -> Iterator[MinHash]:
    """The MinHash of each text, in order."""
    chunks = [texts[at : at + _CHUNK] for at in range(0, len(texts), _CHUNK)]
    done = dict(executor.map_unordered(hash_chunk, list(enumerate(chunks))))
    for number in range(len(chunks)):
        yield from done[number]


def hash_chunk(
    numbered: tuple[int, Sequence[str]],
) -> tuple[int, list[MinHash]]:
    """A chunk's number and the hashes of its texts; what is done on another machine."""
    number, texts = numbered
    hashes = []
    for text in texts:
        minhash = MinHash(num_perm=_NUM_PERM)
        minhash.update_batch(_shingles(text))
        hashes.append(minhash)
    return number, hashes


def _shingles(text: str) -> frozenset[bytes]:
    bare = fold(text[: 2 * _MAX_CHARS])[:_MAX_CHARS]
    last = max(1, len(bare) - _SHINGLE_CHARS + 1) if bare else 0
    return frozenset(bare[at : at + _SHINGLE_CHARS].encode() for at in range(last))


def _jaccard(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)
