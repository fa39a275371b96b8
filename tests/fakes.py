"""Stand-ins for what is slow or far away: a model without weights, a tokenizer of bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken
from tokenizers import Tokenizer as BackendTokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from service.tokenizer import Tokenizer

EOS = 256
VOCAB_SIZE = 257


def byte_tokenizer() -> Tokenizer:
    """Id i is byte i, for 0 … 255; 256 is the end marker."""
    characters = sorted(ByteLevel.alphabet(), key=_byte)
    backend = BackendTokenizer(BPE({c: i for i, c in enumerate(characters)}, []))
    backend.pre_tokenizer = ByteLevel(add_prefix_space=False)
    backend.decoder = ByteLevelDecoder()
    backend.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return Tokenizer(backend)


def _byte(character: str) -> int:
    """GPT-2's alphabet maps printable bytes to themselves and the others upwards from 256."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    code = ord(character)
    return code if code < 256 else others[code - 256]


class FakeRunner:
    """A model whose logits follow from its row's own history, and from nothing else.

    A cell of its cache is (token, state), and a state mixes in every earlier token and the borders
    of the chunks that computed them, as float sums would. So whoever reads a stale cell, mixes
    rows up or lets chunk borders depend on the load gets other tokens.

    Args:
        script: row's tokens -> next token, nearly certain; otherwise logits are random.
    """

    def __init__(
        self, num_slots: int = 64, script: Callable[[list[int]], int] | None = None
    ) -> None:
        self.rows: list[list[tuple[int, int]]] = [[] for _ in range(num_slots)]
        self.script = script
        self.fault: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.calls: list[tuple[str, int]] = []
        """("prefill", tokens) or ("decode", rows), in order."""

    def prefill(self, slot: int, token_ids: Sequence[int], start: int) -> NDArray[np.float32]:
        self._begin("prefill", len(token_ids))
        self._write(slot, token_ids, start, kind=len(token_ids))
        return self._logits(slot)

    def decode(self, token_ids: Sequence[int], lengths: Sequence[int]) -> NDArray[np.float32]:
        self._begin("decode", len(token_ids))
        for slot, (token_id, length) in enumerate(zip(token_ids, lengths, strict=True)):
            self._write(slot, [token_id], length, kind=-1)
        return np.stack([self._logits(slot) for slot in range(len(token_ids))])

    def copy_slot(self, source: int, target: int, length: int) -> None:
        assert len(self.rows[source]) >= length, "copies what was never computed"
        self.rows[target] = self.rows[source][:length]

    def _begin(self, what: str, number: int) -> None:
        assert self.gate.wait(timeout=10)
        self.calls.append((what, number))
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault

    def _write(self, slot: int, token_ids: Sequence[int], start: int, kind: int) -> None:
        row = self.rows[slot]
        assert len(row) >= start, "attends to what was never computed"
        del row[start:]
        for token_id in token_ids:
            row.append((token_id, hash((row[-1][1] if row else 0, token_id, start, kind))))

    def _logits(self, slot: int) -> NDArray[np.float32]:
        if self.script is not None:
            logits = np.zeros(VOCAB_SIZE, dtype=np.float32)
            logits[self.script([token for token, _ in self.rows[slot]])] = 12
            return logits
        state = self.rows[slot][-1][1] % 2**63
        return np.random.default_rng(state).standard_normal(VOCAB_SIZE, dtype=np.float32) * 2
