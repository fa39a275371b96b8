"""Which row of the key-value cache holds what. Bookkeeping only; the tensors are the runner's.

Rows `[0, max_num_seqs)` are for decoding. A step decodes rows `[0, n)` as one contiguous piece, so
holes are filled from the end by copying a row down; a copy is exact, so nobody's bits change.
The rows behind them are for prefill. A prompt is computed there and then copied to one row a
candidate. A prefill row keeps the common prefix it began with, which makes these rows the prefix
cache: the next prompt with the same prefix goes on behind it, with nothing copied.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class SlotCopy:
    """Copy the first `length` tokens of one row to another."""

    source: int
    target: int
    length: int


class DecodeSlots:
    """The rows that decode: who sits where, and what must be copied to leave no holes."""

    def __init__(self, max_num_seqs: int) -> None:
        self._rows: list[Sequence | None] = [None] * max_num_seqs
        self._joining: list[tuple[Sequence, int]] = []

    @property
    def num_free(self) -> int:
        return self._rows.count(None) - len(self._joining)

    def join(self, sequence: Sequence, source: int) -> None:
        """Let a sequence decode from the next step on; its prompt lies in row `source`."""
        assert self.num_free > 0
        self._joining.append((sequence, source))

    def free(self, sequence: Sequence) -> None:
        """Forget a sequence, wherever it is; one that is nowhere is no error."""
        self._rows = [None if row is sequence else row for row in self._rows]
        self._joining = [pair for pair in self._joining if pair[0] is not sequence]

    def compact(self) -> tuple[list[Sequence], list[SlotCopy]]:
        """Seat those who join, fill the holes.

        Returns: the sequences by row, and the copies to make first, in this order.
        """
        copies = [self._seat(sequence, source) for sequence, source in self._joining]
        self._joining = []
        for hole in [i for i, row in enumerate(self._rows) if row is None]:
            last = self._last_row()
            if last < hole:
                break
            copies.append(self._move(last, hole))
        return [row for row in self._rows if row is not None], copies

    def _seat(self, sequence: Sequence, source: int) -> SlotCopy:
        target = self._rows.index(None)
        self._rows[target] = sequence
        return SlotCopy(source, target, sequence.num_cached_tokens)

    def _move(self, source: int, target: int) -> SlotCopy:
        sequence = self._rows[source]
        assert sequence is not None
        self._rows[target], self._rows[source] = sequence, None
        return SlotCopy(source, target, sequence.num_cached_tokens)

    def _last_row(self) -> int:
        return max((i for i, row in enumerate(self._rows) if row is not None), default=-1)


class PrefillSlots:
    """The rows that prefill, each with the prefix it still holds; the longest unused goes first."""

    def __init__(self, first: int, number: int) -> None:
        # Insertion order is order of use.
        self._prefixes: dict[int, tuple[int, ...]] = dict.fromkeys(range(first, first + number), ())
        self.num_hits = 0
        self.num_misses = 0

    def acquire(self, prefix: tuple[int, ...]) -> tuple[int, int]:
        """Returns: the row to compute the prompt in, and how many of its tokens are there."""
        slot = next((s for s, held in self._prefixes.items() if prefix and held == prefix), None)
        if slot is None:
            slot = min(self._prefixes, key=lambda s: bool(self._prefixes[s]))
            self.num_misses += bool(prefix)
            self._remember(slot, ())
            return slot, 0
        self.num_hits += 1
        self._remember(slot, prefix)
        return slot, len(prefix)

    def commit(self, slot: int, prefix: tuple[int, ...]) -> None:
        """The row now holds the keys and values of `prefix`."""
        self._remember(slot, prefix)

    def forget(self) -> None:
        """After a fault nothing that lies in the rows is to be trusted."""
        self._prefixes = dict.fromkeys(self._prefixes, ())

    def _remember(self, slot: int, prefix: tuple[int, ...]) -> None:
        self._prefixes.pop(slot)
        self._prefixes[slot] = prefix
