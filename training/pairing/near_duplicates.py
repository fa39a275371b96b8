"""Which texts say nearly the same.

MinHash with locality-sensitive hashing (Broder 1997; the library datasketch) finds the candidates
in linear time; the exact Jaccard similarity of their character 5-grams decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datasketch import MinHash, MinHashLSH

from training.importers.selection import fold

_SHINGLE_CHARS = 5
_MAX_CHARS = 2000
"""The head of an article is enough to know it again."""
_NUM_PERM = 128


def similar_pairs(texts: Sequence[str], least: float) -> Iterator[tuple[int, int, float]]:
    """(earlier index, later index, similarity from `least` to 1) of every two texts so alike.

    Texts without a letter or digit are like no other.
    """
    index = MinHashLSH(threshold=least, num_perm=_NUM_PERM)
    shingles: list[frozenset[bytes]] = []
    for number, text in enumerate(texts):
        own = _shingles(text)
        shingles.append(own)
        if not own:
            continue
        minhash = MinHash(num_perm=_NUM_PERM)
        minhash.update_batch(own)
        for earlier in sorted(index.query(minhash)):
            similarity = _jaccard(shingles[earlier], own)
            if similarity >= least:
                yield earlier, number, similarity
        index.insert(number, minhash)


def _shingles(text: str) -> frozenset[bytes]:
    bare = fold(text)[:_MAX_CHARS]
    last = max(1, len(bare) - _SHINGLE_CHARS + 1) if bare else 0
    return frozenset(bare[at : at + _SHINGLE_CHARS].encode() for at in range(last))


def _jaccard(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)
