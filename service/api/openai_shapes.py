"""Answers as OpenAI's clients read them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from service.api import problems, sse
from service.errors import Doc2TweetError
from service.shapes import Choice, Delta, GenerateResult, ModelSummary, TokenText

DONE = b"data: [DONE]\n\n"


def model(summary: ModelSummary) -> dict[str, Any]:
    return {"id": summary.id, "object": "model", "created": 0, "owned_by": "doc2tweet"}


def failure(error: Doc2TweetError) -> bytes:
    """The last event of a stream that cannot go on."""
    return sse.frame(problems.openai_document(error))


def _finish(reason: str | None) -> str | None:
    return "stop" if reason == "abort" else reason


class Completion:
    """Shapes of `/v1/completions`, for one request."""

    prefix = "cmpl-"
    whole_object = chunk_object = "text_completion"

    def __init__(self, request_id: str, model: str, *, include_usage: bool, tell: bool) -> None:
        self._head = {
            "id": self.prefix + request_id,
            "created": int(time.time()),
            "model": model,
        }
        self._include_usage = include_usage
        self._tell = tell
        self._told: defaultdict[int, int] = defaultdict(int)
        """Characters of each choice whose tokens were told already."""

    def whole(self, result: GenerateResult) -> dict[str, Any]:
        """The answer that is not streamed."""
        choices = [self.choice(choice) for choice in result.choices]
        return {
            **self._head,
            "object": self.whole_object,
            "model": result.model,
            "seed": result.seed,
            "choices": choices,
            "usage": _usage(result),
        }

    def frames(self, event: Delta | GenerateResult) -> Iterator[bytes]:
        """The events of a stream, `[DONE]` last."""
        if isinstance(event, Delta):
            yield from (self._chunk([choice]) for choice in self.pieces(event))
            return
        if self._include_usage:
            yield self._chunk([], _usage(event))
        yield DONE

    def choice(self, choice: Choice) -> dict[str, Any]:
        return self._text_choice(choice.index, choice.text, choice.finish_reason, choice.tokens)

    def pieces(self, delta: Delta) -> Iterator[dict[str, Any]]:
        yield self._text_choice(delta.index, delta.text, delta.finish_reason, delta.tokens)

    def _chunk(self, choices: list[Any], usage: dict[str, int] | None = None) -> bytes:
        chunk = {**self._head, "object": self.chunk_object, "choices": choices}
        return sse.frame(chunk | ({"usage": usage} if self._include_usage else {}))

    def _text_choice(
        self, index: int, text: str, reason: str | None, tokens: Sequence[TokenText]
    ) -> dict[str, Any]:
        logprobs = self._text_logprobs(index, tokens) if self._tell else None
        return {
            "index": index,
            "text": text,
            "logprobs": logprobs,
            "finish_reason": _finish(reason),
        }

    def _text_logprobs(self, index: int, tokens: Sequence[TokenText]) -> dict[str, Any]:
        offsets = []
        for token in tokens:
            offsets.append(self._told[index])
            self._told[index] += len(token.text)
        return {
            "tokens": [token.text for token in tokens],
            "token_logprobs": [token.logprob for token in tokens],
            "top_logprobs": [{one.text: one.logprob for one in token.top} for token in tokens],
            "text_offset": offsets,
        }


class ChatCompletion(Completion):
    """Shapes of `/v1/chat/completions`."""

    prefix = "chatcmpl-"
    whole_object, chunk_object = "chat.completion", "chat.completion.chunk"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun: set[int] = set()

    def choice(self, choice: Choice) -> dict[str, Any]:
        message = {"role": "assistant", "content": choice.text, "refusal": None}
        return {
            "index": choice.index,
            "message": message,
            "logprobs": self._chat_logprobs(choice.tokens),
            "finish_reason": _finish(choice.finish_reason),
        }

    def pieces(self, delta: Delta) -> Iterator[dict[str, Any]]:
        """The role comes first, the reason of the end last, each in a piece of its own."""
        if delta.index not in self._begun:
            self._begun.add(delta.index)
            yield self._piece(delta.index, {"role": "assistant", "content": ""})
        if delta.text or delta.tokens:
            logprobs = self._chat_logprobs(delta.tokens)
            yield self._piece(delta.index, {"content": delta.text}, logprobs=logprobs)
        if delta.finish_reason is not None:
            yield self._piece(delta.index, {}, reason=_finish(delta.finish_reason))

    def _piece(
        self,
        index: int,
        delta: dict[str, str],
        *,
        logprobs: dict[str, Any] | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}

    def _chat_logprobs(self, tokens: Sequence[TokenText]) -> dict[str, Any] | None:
        if not self._tell:
            return None
        content = [
            {**_token(token), "top_logprobs": [_token(other) for other in token.top]}
            for token in tokens
        ]
        return {"content": content, "refusal": None}


def _token(token: TokenText) -> dict[str, Any]:
    return {"token": token.text, "logprob": token.logprob, "bytes": list(token.data)}


def _usage(result: GenerateResult) -> dict[str, int]:
    usage = result.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
