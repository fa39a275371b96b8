"""Makes the `tokenizer.json` that serving reads, from a GGUF's word list or from another one."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from service.errors import SetupError

_CONTROL, _USER_DEFINED = 3, 4
"""Token types of a GGUF that are markers rather than text."""


def byte_level_bpe(
    tokens: Sequence[str], token_types: Sequence[int], merges: Sequence[str], pre: str
) -> str:
    """A byte-level BPE tokenizer as JSON.

    Args:
        tokens: in the order of their ids.
        token_types: as in a GGUF, one a token.
        merges: "left right" pairs, best first.
        pre: name of the way text is cut before merging, as llama.cpp calls it.

    Raises:
        SetupError: that way is not known here.
    """
    vocab = {token: i for i, token in enumerate(tokens)}
    pairs = [(left, right) for left, right in (merge.split(" ") for merge in merges)]
    backend = Tokenizer(models.BPE(vocab=vocab, merges=pairs))
    backend.pre_tokenizer = _pre_tokenizer(pre)
    backend.decoder = decoders.ByteLevel()
    markers = [
        token
        for token, kind in zip(tokens, token_types, strict=True)
        if kind in (_CONTROL, _USER_DEFINED)
    ]
    backend.add_special_tokens([AddedToken(m, normalized=False, special=True) for m in markers])
    return str(backend.to_str())


def with_special_tokens(tokenizer_json: str) -> str:
    """The same tokenizer with every added token marked special.

    Only such tokens can be kept out of a user's text (`service.tokenizer`).
    """
    try:
        tokenizer = json.loads(tokenizer_json)
        for token in tokenizer["added_tokens"]:
            token["special"] = True
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError(f"tokenizer.json is damaged ({error})") from None
    return json.dumps(tokenizer, ensure_ascii=False)


def _pre_tokenizer(pre: str) -> pre_tokenizers.PreTokenizer:
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if pre in ("gpt-2", "default"):
        return byte_level
    if pre == "smollm":
        return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    raise SetupError(
        f"the GGUF's pre-tokenizer {pre!r} is not supported; "
        "use a folder or hub source, which bring a tokenizer.json"
    )
