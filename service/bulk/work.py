"""One job through the pipeline: the request it asks for, and the rows that come of it.

Runs in many threads at once, so that the engine's batch is full; on a cluster in many processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from service.bulk.jobs import Job
from service.bulk.rows import Row
from service.errors import Doc2TweetError, EngineOverloaded, RequestAborted
from service.pipeline import Patient, Pipeline, Watch
from service.shapes import Drawing, GenerateRequest, TweetRequest
from service.tweets.overlap import is_memorised
from service.tweets.tweet import Tweet, TweetRules

_MAX_WAIT_S = 1.0
"""More jobs than places are under way; one is free again soon."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What every job of a run is asked, checked; its seed is replaced by the job's."""

    drawing: Drawing
    tweet: TweetRequest
    """For articles; what it has of an article is replaced by the job's."""
    prefix: str = ""
    include_prefix: bool = True
    run: str = ""
    """Digest of all this."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job: rows, or why there are none."""

    job: Job
    rows: tuple[Row, ...] = ()
    num_tokens: int = 0
    error: str | None = None
    """The kind of the error."""
    detail: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether it was the run that ended, which says nothing of the job."""
        return self.error == RequestAborted.type


@dataclass(frozen=True, slots=True)
class UntilStopped(Patient):
    """Waits for as long as the run goes on."""

    stopped: Callable[[], bool]

    def check(self) -> None:
        if self.stopped():
            raise RequestAborted("The run was stopped.")


_PATIENT = Patient()


@dataclass(frozen=True, slots=True)
class BulkWork:
    """Does jobs on one pipeline. Never raises: what goes wrong with a job is its result."""

    pipeline: Pipeline
    asked: Asked
    watch: Watch = _PATIENT

    def __call__(self, job: Job) -> Done:
        try:
            return self._write(job)
        except Doc2TweetError as error:
            return Done(job, error=error.type, detail=error.detail)

    def _write(self, job: Job) -> Done:
        while True:
            self.watch.check()
            try:
                return self._prompt(job) if job.prompt is not None else self._article(job)
            except EngineOverloaded as error:
                time.sleep(min(error.retry_after or _MAX_WAIT_S, _MAX_WAIT_S))

    def _prompt(self, job: Job) -> Done:
        prompt = self.asked.prefix + (job.prompt or "")
        request = GenerateRequest(prompt=prompt, drawing=self._drawing(job))
        result = self.pipeline.generate(request, f"bulk-{job.number}", self.watch)
        begin = prompt if self.asked.include_prefix else ""
        row = self._row(job, result.model, len(result.choices))
        rows = [
            replace(
                row,
                text=(begin + choice.text).strip(),
                index=choice.index,
                finish_reason=choice.finish_reason,
            )
            for choice in result.choices
        ]
        return Done(job, tuple(map(self._with_overlap, rows)), result.usage.completion_tokens)

    def _article(self, job: Job) -> Done:
        request = replace(
            self.asked.tweet,
            drawing=self._drawing(job),
            url=job.url,
            title=job.title,
            text=job.text or "",
        )
        result = self.pipeline.tweet(request, f"bulk-{job.number}", self.watch)
        row = self._row(job, result.model, len(result.tweets))
        rows = tuple(
            replace(
                row,
                text=answer.tweet.text,
                index=answer.tweet.index,
                finish_reason=answer.finish_reason,
                article_title=result.article.title or None,
                article_text=job.text or result.article.excerpt,
                flags=flags_of(answer.tweet, request.rules),
                overlap=answer.tweet.overlap,
            )
            for answer in result.tweets
        )
        return Done(job, rows, result.usage.completion_tokens)

    def _drawing(self, job: Job) -> Drawing:
        drawing = self.asked.drawing
        return replace(drawing, params=replace(drawing.params, seed=job.seed))

    def _row(self, job: Job, model: str, num_rows: int) -> Row:
        """What all rows of the job have in common."""
        return Row(
            text="",
            model=model,
            seed=job.seed,
            index=0,
            prompt=job.prompt,
            source=job.source,
            article_title=job.title or None,
            article_text=job.text,
            flags=(),
            overlap=None,
            finish_reason="",
            job=job.number,
            num_rows=num_rows,
            run=self.asked.run,
        )

    def _with_overlap(self, row: Row) -> Row:
        overlap = self.pipeline.overlap(row.model, row.text)
        copied = is_memorised(overlap, self.asked.tweet.rules)
        return replace(row, overlap=overlap, flags=("memorised",) if copied else ())


def flags_of(tweet: Tweet, rules: TweetRules) -> tuple[str, ...]:
    """What a reviewer should look at first."""
    found = {
        "memorised": is_memorised(tweet.overlap, rules),
        "ungrounded": bool(tweet.ungrounded),
        "truncated": tweet.truncated,
        "fallback": tweet.fallback,
    }
    return tuple(name for name, is_so in found.items() if is_so)
