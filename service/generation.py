"""Text over the engine: ids become characters, stop strings end a candidate, tokens are counted.

`collect` is `stream_text` put together, so that both give the same text. A stop string is found
here and not in the engine, which knows no text; it costs the engine one step at most.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from collections.abc import Sequence as Strings
from dataclasses import InitVar, dataclass, field

from service.engine.llm_engine import TokenOutput
from service.engine.request_stream import Aborted, RequestStream, StreamEvent
from service.engine.sequence import FinishReason
from service.tokenizer import IncrementalDetokenizer, Tokenizer

WAIT_S = 0.25
"""A client that has left is noticed at least this often."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A drawn token with its natural log-probability, and the likeliest ones in its place."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of a candidate. `finish_reason` is set on its last delta."""

    index: int
    text: str
    logprobs: tuple[TokenLogprob, ...]
    """Of every token since the last delta; as many as count in the usage."""
    finish_reason: FinishReason | None = None
    stop_reason: str | None = None
    """The stop string that ended it; None where the model ended it itself."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing came for a while: time to look whether anyone still listens."""


@dataclass(frozen=True, slots=True)
class Candidate:
    index: int
    text: str
    finish_reason: FinishReason
    stop_reason: str | None
    logprobs: tuple[TokenLogprob, ...]

    @property
    def num_tokens(self) -> int:
        """Drawn tokens: the end token and those of a stop string count, later ones do not."""
        return len(self.logprobs)

    @property
    def mean_logprob(self) -> float:
        """Under the model itself; minus infinity where nothing was drawn, NaN where none was asked
        for."""
        return (
            sum(t.logprob for t in self.logprobs) / self.num_tokens if self.logprobs else -math.inf
        )


@dataclass(frozen=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int
    steps: InitVar[int]
    """For the metrics alone, so no member of the answer."""

    def __post_init__(self, steps: int) -> None:
        vars(self)["num_steps"] = steps

    @property
    def num_steps(self) -> int:
        """Steps between the first tokens and the last, in which all candidates advance together."""
        number: int = vars(self)["num_steps"]
        return number

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class StopFinder:
    """Holds text back while it may still become a stop string.

    The stop string that is complete first wins; of two complete at once, the longer.
    """

    def __init__(self, stops: Strings[str]) -> None:
        self._stops = sorted(stops, key=len, reverse=True)
        self._held = ""

    def push(self, text: str) -> tuple[str, str | None]:
        """Returns: the text that may be shown, and the stop string that ends it, if one does."""
        before = len(self._held)
        whole = self._held + text
        for end in range(before + 1, len(whole) + 1):
            stop = next((s for s in self._stops if whole.endswith(s, 0, end)), None)
            if stop is not None:
                self._held = ""
                return whole[: end - len(stop)], stop
        keep = self._num_undecided(whole)
        self._held = whole[len(whole) - keep :]
        return whole[: len(whole) - keep], None

    def flush(self) -> str:
        """The text is over: what was held back is no stop string."""
        held, self._held = self._held, ""
        return held

    def _num_undecided(self, text: str) -> int:
        """Length of the longest end of `text` that is the beginning of a stop string."""
        longest = min(len(text), max(map(len, self._stops), default=1) - 1)
        for length in range(longest, 0, -1):
            if any(s.startswith(text[-length:]) and len(s) > length for s in self._stops):
                return length
        return 0


@dataclass(slots=True)
class _Writer:
    """One candidate's text in the making."""

    index: int
    detokenizer: IncrementalDetokenizer
    finder: StopFinder
    pending: list[TokenLogprob] = field(default_factory=list)
    finished: bool = False

    def write(self, event: StreamEvent) -> Iterator[TextDelta]:
        """Yields: one delta, or none while the text is undecided or after its end."""
        if self.finished:
            return
        if isinstance(event, Aborted):
            yield self._finish("", "abort")
            return
        self.pending.append(TokenLogprob(event.token_id, event.logprob, event.top_logprobs))
        text, stop = self.finder.push(self.detokenizer.push(event.token_id))
        if stop is not None:
            yield self._delta(text, "stop", stop)
        elif event.finish_reason is not None:
            yield self._finish(text, event.finish_reason)
        elif text:
            yield self._delta(text)

    def _finish(self, text: str, reason: FinishReason) -> TextDelta:
        rest, stop = self.finder.push(self.detokenizer.flush())
        if stop is not None:
            return self._delta(text + rest, "stop", stop)
        return self._delta(text + rest + self.finder.flush(), reason)

    def _delta(
        self, text: str, reason: FinishReason | None = None, stop: str | None = None
    ) -> TextDelta:
        logprobs, self.pending = tuple(self.pending), []
        self.finished = reason is not None
        return TextDelta(self.index, text, logprobs, reason, stop)


def stream_text(
    stream: RequestStream, tokenizer: Tokenizer, stop: Strings[str] = (), *, wait_s: float = WAIT_S
) -> Generator[TextDelta | Pause, None, None]:
    """Text as it comes: whole characters, and nothing of a stop string.

    Closing the iterator aborts what has not ended.

    Args:
        stop: strings that end a candidate and are not shown; none empty.
        wait_s: a `Pause` is yielded whenever nothing came for so many seconds.
    Raises:
        DeadlineExceeded, EngineFault, EngineDraining: from the engine; deltas so far stand.
    """
    writers = [
        _Writer(i, IncrementalDetokenizer(tokenizer), StopFinder(stop))
        for i in range(stream.num_candidates)
    ]
    try:
        while not all(writer.finished for writer in writers):
            events = stream.next_events(wait_s)
            if not events:
                yield Pause()
            for event in events:
                for delta in writers[event.index].write(event):
                    _end_early(stream, event, delta)
                    yield delta
    finally:
        if not all(writer.finished for writer in writers):
            stream.abort()


def gather(deltas: Iterable[TextDelta]) -> list[Candidate]:
    """Put the deltas of a whole answer together, by index."""
    parts: dict[int, list[TextDelta]] = {}
    for delta in deltas:
        parts.setdefault(delta.index, []).append(delta)
    return [_join(parts[index]) for index in sorted(parts)]


def collect(
    stream: RequestStream,
    tokenizer: Tokenizer,
    stop: Strings[str] = (),
    *,
    check: Callable[[], None] = lambda: None,
) -> list[Candidate]:
    """Wait for the whole answer.

    Args:
        check: called between tokens and at every pause; what it raises ends the request.
    Raises: as `stream_text`.
    """
    deltas: list[TextDelta] = []
    events = stream_text(stream, tokenizer, stop)
    try:
        for event in events:
            check()
            if isinstance(event, TextDelta):
                deltas.append(event)
    finally:
        # Not left to the garbage collector: a row hangs on it.
        events.close()
    return gather(deltas)


def _end_early(stream: RequestStream, event: StreamEvent, delta: TextDelta) -> None:
    """Tell the engine of an end that it cannot see: a stop string."""
    if delta.stop_reason and isinstance(event, TokenOutput) and event.finish_reason is None:
        stream.abort(delta.index)


def _join(deltas: list[TextDelta]) -> Candidate:
    last = deltas[-1]
    assert last.finish_reason is not None
    return Candidate(
        index=last.index,
        text="".join(delta.text for delta in deltas),
        finish_reason=last.finish_reason,
        stop_reason=last.stop_reason,
        logprobs=tuple(logprob for delta in deltas for logprob in delta.logprobs),
    )
