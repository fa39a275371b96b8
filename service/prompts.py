"""Prompts as token ids. Serving and training call the same functions, so both see the same ids.

Markers enter as ids from the templates below; text from outside is encoded as plain text and can
never become one. Knows the tokenizer and a model's `PromptSpec`; nothing of engine or HTTP.

    chatml    <|im_start|>system⏎…<|im_end|>⏎<|im_start|>user⏎…<|im_end|>⏎<|im_start|>assistant⏎
    markers   <|doc|>…<|endofdoc|><|tweet|>…<|endoftweet|>
    plain     instruction, article and cue as text
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from service.errors import PromptTooLong, SetupError, UnsupportedFeature
from service.model_spec import ModelSpec, PromptSpec
from service.sentences import cut_at_word, split_sentences
from service.tokenizer import Tokenizer

Role = Literal["system", "user", "assistant"]
DOC, END_OF_DOC, TWEET, END_OF_TWEET = "<|doc|>", "<|endofdoc|>", "<|tweet|>", "<|endoftweet|>"
MARKERS = (DOC, END_OF_DOC, TWEET, END_OF_TWEET)
IM_START, IM_END = "<|im_start|>", "<|im_end|>"
_MAX_TOKEN_CHARS = 16
"""Characters of a text encoded for each token of room; what lies past them cannot fit anyway."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids, and what of the input they hold."""

    token_ids: tuple[int, ...]
    num_prefix_tokens: int = 0
    """Leading ids that all prompts of this kind and model share; they can be prefilled once."""
    num_article_tokens: int = 0
    truncated: bool = False
    """Whether part of the input was left out."""
    num_sentences: int = 0
    """Of the article's text."""
    num_kept_sentences: int = 0
    num_dropped_messages: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with the answer that a model is to learn, end marker included."""

    token_ids: tuple[int, ...]
    num_prompt_tokens: int


@dataclass(frozen=True, slots=True)
class _Frame:
    """The ids around an article."""

    before: list[int]
    after: list[int]


@dataclass(frozen=True, slots=True)
class _Head:
    """As much of an article as fits."""

    ids: list[int]
    num_sentences: int
    num_kept: int
    whole: bool


def article_prompt(
    tokenizer: Tokenizer, spec: ModelSpec, title: str, text: str, max_prompt_tokens: int
) -> Prompt:
    """The prompt for a tweet about an article: title and lead first, cut by whole sentences.

    Args:
        title: may be empty.
        text: the article's body, paragraphs separated by line breaks.
        max_prompt_tokens: most ids the prompt may have, template included.

    Raises:
        PromptTooLong: the template alone does not fit.
        SetupError: the tokenizer lacks the markers that the model's format needs.
    """
    frame = _article_frame(tokenizer, spec.prompt)
    num_template = len(frame.before) + len(frame.after)
    if num_template >= max_prompt_tokens:
        raise PromptTooLong(num_template + 1, 0, max_prompt_tokens)
    limit = spec.prompt.article_chars or len(text)
    lead = f"{spec.prompt.article_title}{title.strip()}\n\n" if title.strip() else ""
    head = _article_head(tokenizer, lead, text, limit, max_prompt_tokens - num_template)
    return Prompt(
        token_ids=(*frame.before, *head.ids, *frame.after),
        num_prefix_tokens=len(frame.before),
        num_article_tokens=len(head.ids),
        truncated=not head.whole,
        num_sentences=head.num_sentences,
        num_kept_sentences=head.num_kept,
    )


def article_example(
    tokenizer: Tokenizer, spec: ModelSpec, title: str, text: str, tweet: str, max_tokens: int
) -> Example:
    """What `article_prompt` makes, then the tweet and the end marker; for training.

    Raises:
        PromptTooLong: template and tweet alone are longer than `max_tokens`.
    """
    answer = [*tokenizer.encode(tweet), end_id(tokenizer, spec)]
    prompt = article_prompt(tokenizer, spec, title, text, max_tokens - len(answer))
    return Example((*prompt.token_ids, *answer), len(prompt.token_ids))


def chat_prompt(
    tokenizer: Tokenizer,
    spec: ModelSpec,
    messages: Sequence[ChatMessage],
    max_prompt_tokens: int,
) -> Prompt:
    """The prompt of a conversation; its oldest turns are dropped until it fits.

    System messages and the last message always stay; a system text of the model's own comes
    first where the conversation brings none.

    Raises:
        PromptTooLong: what must stay does not fit.
        UnsupportedFeature: the model knows no turns.
    """
    if spec.prompt.format != "chatml":
        raise UnsupportedFeature(f"{spec.name} cannot chat; it only continues text.")
    brings_system = any(message.role == "system" for message in messages)
    default = ChatMessage("system", spec.prompt.system)
    prefix = [] if brings_system else _turn(tokenizer, default)
    turns = [_turn(tokenizer, message) for message in messages]
    opening = _open_turn(tokenizer, "assistant")
    num_fixed = len(prefix) + len(opening)
    kept = _newest_that_fit(messages, [len(turn) for turn in turns], num_fixed, max_prompt_tokens)
    num_dropped = len(messages) - len(kept)
    return Prompt(
        token_ids=(*prefix, *chain.from_iterable(turns[i] for i in kept), *opening),
        num_prefix_tokens=len(prefix),
        truncated=num_dropped > 0,
        num_dropped_messages=num_dropped,
    )


def plain_prompt(tokenizer: Tokenizer, spec: ModelSpec, text: str) -> Prompt:
    """A text for the model to go on with."""
    start = [tokenizer.special_id(spec.prompt.start)] if spec.prompt.start else []
    return Prompt((*start, *tokenizer.encode(text)), num_prefix_tokens=len(start))


def text_example(tokenizer: Tokenizer, spec: ModelSpec, text: str) -> Example:
    """A text without an article, as `plain_prompt` begins it, to its end marker."""
    start = plain_prompt(tokenizer, spec, "").token_ids
    return Example((*start, *tokenizer.encode(text), end_id(tokenizer, spec)), len(start))


def end_id(tokenizer: Tokenizer, spec: ModelSpec) -> int:
    """The id that ends an answer in this model's format."""
    ends = {"chatml": IM_END, "markers": END_OF_TWEET, "plain": "<|endoftext|>"}
    return tokenizer.special_id(ends[spec.prompt.format])


def _article_frame(tokenizer: Tokenizer, prompt: PromptSpec) -> _Frame:
    if prompt.format == "markers":
        missing = [marker for marker in MARKERS if not tokenizer.has_special(marker)]
        if missing:
            raise SetupError(
                f"the model's tokenizer lacks the marker {missing[0]}; "
                'fine-tune it with doc2tweet-train first, or use format = "plain"'
            )
        doc, end, tweet = (tokenizer.special_id(marker) for marker in MARKERS[:3])
        return _Frame([doc], [end, tweet])
    instruction = tokenizer.encode(prompt.article_instruction)
    cue = tokenizer.encode(prompt.article_cue)
    if prompt.format == "plain":
        return _Frame(instruction, cue)
    text = prompt.article_system or prompt.system
    system = _turn(tokenizer, ChatMessage("system", text)) if text else []
    before = [*system, *_open_turn(tokenizer, "user"), *instruction]
    after = [*cue, *_close_turn(tokenizer), *_open_turn(tokenizer, "assistant")]
    return _Frame(before, after)


def _article_head(
    tokenizer: Tokenizer, head: str, text: str, max_chars: int, max_tokens: int
) -> _Head:
    """The title's lines and as many whole sentences as fit; where none does, as many words."""
    sentences = split_sentences(text.strip())
    room_chars = min(max_chars, max_tokens * _MAX_TOKEN_CHARS)
    num_kept = _num_fitting(sentences, [len(s) for s in sentences], room_chars)
    counts = [tokenizer.count(s) for s in _with_space_in_front(sentences[:num_kept])]
    num_kept = _num_fitting(sentences, counts, max_tokens - tokenizer.count(head))
    while num_kept:
        ids = tokenizer.encode((head + "".join(sentences[:num_kept])).rstrip())
        if len(ids) <= max_tokens:
            return _Head(ids, len(sentences), num_kept, num_kept == len(sentences))
        num_kept -= 1
    first = cut_at_word(sentences[0], max_chars) if sentences else ""
    ids = _encode_head(tokenizer, (head + first).strip(), max_tokens)
    return _Head(ids, len(sentences), 0, not sentences and tokenizer.decode(ids) == head.strip())


def _with_space_in_front(sentences: Sequence[str]) -> list[str]:
    """The white space behind a sentence moved before the next, where tokens begin with it."""
    gaps = ["", *(s[len(s.rstrip()) :] for s in sentences)]
    return [gap + s.rstrip() for gap, s in zip(gaps, sentences, strict=False)]


def _num_fitting(sentences: Sequence[str], sizes: Sequence[int], room: int) -> int:
    used = 0
    for i, size in enumerate(sizes):
        used += size
        if used > room:
            return i
    return min(len(sizes), len(sentences))


def _encode_head(tokenizer: Tokenizer, text: str, max_tokens: int) -> list[int]:
    """Ids of the longest head of a text that fits, ending with a whole word or character."""
    text = text[: max_tokens * _MAX_TOKEN_CHARS]
    ids = tokenizer.encode(text)
    while len(ids) > max_tokens:
        # `decode` leaves out half a character; what it gives is a head of the text.
        shorter = tokenizer.decode(ids[:max_tokens])
        text = cut_at_word(text, min(len(shorter), len(text) - 1))
        ids = tokenizer.encode(text)
    return ids


def _newest_that_fit(
    messages: Sequence[ChatMessage], sizes: list[int], num_fixed: int, max_tokens: int
) -> list[int]:
    """Indices of the messages kept: system ones, the last, and the newest others that fit.

    Args:
        sizes: tokens of each message.
        num_fixed: tokens of the prompt besides.
    """
    must = {i for i, m in enumerate(messages) if m.role == "system"} | {len(messages) - 1}
    needed = num_fixed + sum(sizes[i] for i in must)
    if needed > max_tokens:
        raise PromptTooLong(needed, 0, max_tokens)
    kept = set(must)
    for i in sorted(set(range(len(messages))) - must, reverse=True):
        needed += sizes[i]
        if needed > max_tokens:
            break
        kept.add(i)
    if len(kept) < len(messages):
        kept -= _leading_answer(messages, sorted(kept - must))
    return sorted(kept)


def _leading_answer(messages: Sequence[ChatMessage], turns: list[int]) -> set[int]:
    """The oldest turn kept, where it answers a question that was dropped."""
    return {i for i in turns[:1] if messages[i].role == "assistant"}


def _turn(tokenizer: Tokenizer, message: ChatMessage) -> list[int]:
    opening = _open_turn(tokenizer, message.role)
    return [*opening, *tokenizer.encode(message.content), *_close_turn(tokenizer)]


def _open_turn(tokenizer: Tokenizer, role: Role) -> list[int]:
    return [tokenizer.special_id(IM_START), *tokenizer.encode(f"{role}\n")]


def _close_turn(tokenizer: Tokenizer) -> list[int]:
    return [tokenizer.special_id(IM_END), *tokenizer.encode("\n")]
