"""Results made of what the pipeline's stages left behind. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.articles.article import Article
from service.articles.reader import ReadArticle
from service.engine.request_stream import RequestStream
from service.generation import Candidate, TextDelta, TokenLogprob, Usage
from service.prompts import Prompt
from service.shapes import ArticleSummary, Choice, Delta, Timings, TokenText, TweetAnswer
from service.tokenizer import Tokenizer
from service.tweets.tweet import Candidate as Draft
from service.tweets.tweet import Tweet


def delta_of(delta: TextDelta, tokenizer: Tokenizer | None) -> Delta:
    """A piece of text; its tokens are told where there is a tokenizer to tell them."""
    tokens = _tokens(delta.logprobs, tokenizer) if tokenizer else ()
    return Delta(delta.index, delta.text, delta.finish_reason, tokens)


def choice_of(candidate: Candidate, tokenizer: Tokenizer | None) -> Choice:
    tokens = _tokens(candidate.logprobs, tokenizer) if tokenizer else ()
    return Choice(candidate.index, candidate.text, candidate.finish_reason, tokens)


def article_summary(article: Article, prompt: Prompt, tokenizer: Tokenizer) -> ArticleSummary:
    """What the caller is told of the article, and what of it the model read."""
    read = prompt.token_ids[prompt.num_prefix_tokens :][: prompt.num_article_tokens]
    return ArticleSummary(
        url=article.url,
        title=article.title,
        author=", ".join(article.authors) or None,
        published=article.published,
        site_name=article.site_name,
        language=article.language,
        num_tokens=prompt.num_article_tokens,
        truncated=prompt.truncated,
        excerpt=tokenizer.decode(read).strip(),
    )


def draft_of(candidate: Candidate) -> Draft:
    """A candidate as the tweet rules take it."""
    complete = candidate.finish_reason == "stop"
    return Draft(candidate.index, candidate.text, candidate.mean_logprob, complete)


def tweet_answer(tweet: Tweet, candidates: Sequence[Candidate]) -> TweetAnswer:
    """A chosen tweet with why its candidate ended; the fallback has none."""
    reasons = {candidate.index: candidate.finish_reason for candidate in candidates}
    return TweetAnswer(tweet, "stop" if tweet.fallback else reasons[tweet.index])


def usage_of(prompt: Prompt, draws: Sequence[Sequence[Candidate]]) -> Usage:
    """Over all draws of a request; in each its candidates are written side by side."""
    counts = [[candidate.num_tokens for candidate in draw] for draw in draws]
    steps = sum(max(0, max(draw) - 1) for draw in counts)
    return Usage(len(prompt.token_ids), sum(map(sum, counts)), steps)


def timings_of(streams: Sequence[RequestStream], read: ReadArticle | None = None) -> Timings:
    """Over all draws of a request."""
    times = [stream.timings for stream in streams]
    return Timings(
        sum(time.queue_ms for time in times),
        sum(time.prefill_ms for time in times),
        sum(time.decode_ms for time in times),
        read.fetch_ms if read else None,
        read.extract_ms if read else None,
    )


def _tokens(logprobs: Iterable[TokenLogprob], tokenizer: Tokenizer) -> tuple[TokenText, ...]:
    return tuple(
        _token(
            tokenizer,
            drawn.token_id,
            drawn.logprob,
            tuple(_token(tokenizer, id_, logprob) for id_, logprob in drawn.top),
        )
        for drawn in logprobs
    )


def _token(
    tokenizer: Tokenizer, token_id: int, logprob: float, top: tuple[TokenText, ...] = ()
) -> TokenText:
    data = tokenizer.token_bytes(token_id, skip_special=False)
    return TokenText(data.decode("utf-8", "replace"), data, logprob, top)
