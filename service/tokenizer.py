"""Text to token ids and back, by the `tokenizers` library; byte-level BPE only.

Text is never searched for special tokens, and none are added: a marker such as `<|im_end|>`
enters a prompt as an id, from a template, or not at all. Knows nothing of prompts or models.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer as _BackendTokenizer
from tokenizers.decoders import ByteLevel

from service.errors import ModelDamaged, SetupError

END_MARKERS = ("<|im_end|>", "<|endoftext|>", "<|endoftweet|>", "<|eot_id|>", "<|end_of_text|>")
"""Special tokens that end a text, in the models this project knows."""


def _alphabet() -> dict[int, int]:
    """GPT-2's byte alphabet: the character standing for a byte -> that byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {c: c for c in printable} | {256 + i: byte for i, byte in enumerate(others)}


_BYTE_OF_CHAR = _alphabet()


class Tokenizer:
    """One model's tokenizer. Safe to share between threads."""

    def __init__(self, backend: _BackendTokenizer, eos_ids: Iterable[int] = ()) -> None:
        backend.encode_special_tokens = True  # "<|im_end|>" in a text is seven ordinary tokens
        backend.no_truncation()
        backend.no_padding()
        self._backend = backend
        self._special = {
            token.content: id_ for id_, token in backend.get_added_tokens_decoder().items()
        }
        self._special_ids = frozenset(self._special.values())
        ends = {self._special[text] for text in END_MARKERS if text in self._special}
        self.eos_ids: frozenset[int] = frozenset(eos_ids) | ends
        self.vocab_size: int = backend.get_vocab_size()

    @classmethod
    def from_file(cls, path: Path, eos_ids: Iterable[int] = ()) -> Tokenizer:
        """Read a `tokenizer.json`.

        Args:
            path: the file.
            eos_ids: ids that end a text, besides those of `END_MARKERS`.

        Raises:
            ModelDamaged: it cannot be read.
            SetupError: it is not a byte-level BPE, or would parse markers in a user's text.
        """
        try:
            backend = _BackendTokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise ModelDamaged(f"{path} cannot be read: {error}") from None
        if not isinstance(backend.decoder, ByteLevel):
            raise SetupError(f"{path}: only byte-level BPE tokenizers are supported")
        added = backend.get_added_tokens_decoder().values()
        plain = sorted(token.content for token in added if not token.special)
        if plain:
            raise SetupError(f"{path}: the added token {plain[0]!r} must be marked as special")
        return cls(backend, eos_ids)

    def encode(self, text: str) -> list[int]:
        """Ids of a text; markers in it are ordinary text."""
        return list(self._backend.encode(text, add_special_tokens=False).ids)

    def count(self, text: str) -> int:
        return len(self._backend.encode(text, add_special_tokens=False))

    def decode(self, ids: Iterable[int], *, skip_special: bool = True) -> str:
        """Text of ids; half a character at the end is left out, as in `IncrementalDetokenizer`."""
        data = b"".join(self.token_bytes(id_, skip_special=skip_special) for id_ in ids)
        return _utf8_decoder().decode(data)

    def token_bytes(self, token_id: int, *, skip_special: bool = True) -> bytes:
        """The bytes a token stands for, which need not be whole characters."""
        token = self._backend.id_to_token(token_id)
        if token is None:  # rows that pad the embedding have an id but no token
            return b""
        if token_id in self._special_ids:
            return b"" if skip_special else token.encode()
        return token.translate(_BYTE_OF_CHAR).encode("latin-1")

    def has_special(self, text: str) -> bool:
        return text in self._special

    def special_id(self, text: str) -> int:
        """Id of a marker.

        Raises:
            SetupError: this tokenizer has no such marker.
        """
        if text not in self._special:
            raise SetupError(f"the tokenizer has no special token {text!r}")
        return self._special[text]


class IncrementalDetokenizer:
    """Text of a growing list of ids, whole characters only.

    The pushes joined equal `Tokenizer.decode` of all ids. U+FFFD appears only for bytes that no
    later token can complete.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = _utf8_decoder()

    def push(self, token_id: int) -> str:
        """The characters that this token completes; may be empty."""
        return self._decoder.decode(self._tokenizer.token_bytes(token_id))

    def flush(self) -> str:
        """End the text: the bytes of an unfinished character are dropped, so nothing follows."""
        self._decoder.reset()
        return ""


def _utf8_decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")(errors="replace")
