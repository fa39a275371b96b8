"""The tokenizer of a model whose own one is elsewhere: a byte is a token.

So everything between prompt and answer works on such a model as on any other: prompts are built
and cut, stop strings found, characters never split. What is counted in tokens is counted in bytes.
"""

from __future__ import annotations

from tokenizers import AddedToken
from tokenizers import Tokenizer as Backend
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from service.tokenizer import Tokenizer

BYTES_PER_TOKEN = 3
"""Of a language model's usual tokens, on the safe side: English has about four."""


def byte_tokenizer() -> Tokenizer:
    """`encode` gives the ids of a text's bytes, `token_bytes` the byte of an id."""
    vocabulary = {character: id_ for id_, character in enumerate(sorted(ByteLevel.alphabet()))}
    backend = Backend(BPE(vocabulary, []))
    backend.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = ByteLevelDecoder()
    backend.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return Tokenizer(backend)
