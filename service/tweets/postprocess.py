"""From a model's text to a tweet that can be posted: clean, scrub, cut, link, check, measure.

Pure: the same text, article and rules give the same tweet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from service.articles.article import Article
from service.errors import NoPostableTweet
from service.sentences import split_sentences
from service.tweets import ranking, twitter_text
from service.tweets.characters import is_emoji_like
from service.tweets.clean import clean, tidy, tidy_quoted
from service.tweets.entities import LINK_MARK, link_spans
from service.tweets.grounding import MAX_CHARS, Facts, facts_of, ungrounded
from service.tweets.length import Fitted, fit, is_postable, weighted_length
from service.tweets.overlap import EMPTY, OverlapIndex
from service.tweets.scrub import Scrubbed, scrub
from service.tweets.tweet import Candidate, ScoreParts, Tweet, TweetRules
from service.tweets.words import content_words

_LEAD_SENTENCES = 3
_URL = re.compile(r"https?://([^\s/?#]+)(?:[/?#]\S*)?", re.IGNORECASE)
_URL_SAFE = "/:?#[]@!$&'*+,;=%~-._"
_MAX_URL, _MAX_HOST = 2_048, 253
_HOST_DOT = re.compile(r"\.(?=:\d+\Z|\Z)")
_LOOSE_IN_PATH = re.compile(r"[.!:,;'()\[\]*$@~|&]+")
_LOOSE_IN_QUERY = re.compile(r"[?.!:,;'()\[\]*$@~|&]+")
"""What X takes for the sentence's and not for the link's, where a link would end with it."""
_MAX_REPAIRS = 16


@dataclass(frozen=True, slots=True)
class Context:
    """What all tweets of one request share."""

    article: Article
    facts: Facts
    lead: frozenset[str]
    """Content words of the first sentences."""
    rules: TweetRules
    memory: OverlapIndex
    weights: ScoreParts
    link: str
    """The one link a tweet may have; empty for none."""

    @property
    def shown(self) -> str:
        """The article's own words, as many as `facts` has read."""
        return f"{self.article.title}\n{self.article.text}"[:MAX_CHARS]


def context_for(
    article: Article,
    rules: TweetRules,
    memory: OverlapIndex = EMPTY,
    weights: ScoreParts = ranking.WEIGHTS,
) -> Context:
    """Read an article once for all of its candidates; some milliseconds."""
    lead = "".join(split_sentences(article.text[:4_000])[:_LEAD_SENTENCES])
    return Context(
        article=article,
        facts=facts_of(article),
        lead=frozenset(content_words(lead)),
        rules=rules,
        memory=memory,
        weights=weights,
        link="" if rules.link == "none" else _usable_link(rules.link_url or ""),
    )


def without_link(context: Context) -> Context:
    """The same for a post of a thread that leaves the link to another."""
    return replace(context, link="")


def make_tweet(candidate: Candidate, context: Context) -> Tweet:
    """The tweet that a candidate makes.

    Raises:
        NoPostableTweet: nothing is left of it.
    """
    cleaned = clean(candidate.text, complete=candidate.complete)
    return finish(
        scrub(cleaned.text, context.facts, context.rules, shown=context.shown),
        context,
        cut=cleaned.cut,
        index=candidate.index,
        mean_logprob=candidate.mean_logprob,
    )


def scrub_quoted(text: str, context: Context) -> Scrubbed:
    """The rules for what a tweet may hold, for the article's own words."""
    return scrub(text, context.facts, context.rules, shown=context.shown, tidied=tidy_quoted)


def finish(
    scrubbed: Scrubbed,
    context: Context,
    *,
    cut: bool = False,
    index: int = 0,
    mean_logprob: float = float("-inf"),
    fallback: bool = False,
    prefix: str = "",
) -> Tweet:
    """Cut, link, check and measure a text that holds nothing foreign any more.

    Args:
        prefix: stands before the text and counts, but is no part of what is judged: "2/5 ".

    Raises:
        NoPostableTweet: nothing is left of it.
    """
    rules, text = context.rules, scrubbed.text
    if not _says_something(text.replace(LINK_MARK, "")):
        raise NoPostableTweet("The model wrote no text for this article.")
    fitted = _with_link(text, context, rules.max_length - weighted_length(prefix), cut=cut)
    whole = prefix + fitted.text
    if not is_postable(whole, rules.max_length) or not _has_one_link(whole, context.link):
        raise NoPostableTweet("What the model wrote cannot be posted.")
    body = fitted.text.replace(context.link, " ") if context.link else fitted.text
    claims = ungrounded(fitted.text, context.facts, context.link)
    overlap = context.memory.overlap(body)
    echo = ranking.headline_overlap(body, context.article.title)
    length = weighted_length(whole)
    parts = ScoreParts(
        likelihood=ranking.likelihood(mean_logprob),
        lead=ranking.lead_cover(body, context.lead),
        consensus=0.0,  # `ranking.with_consensus` knows the others
        grounding=ranking.grounding(claims),
        originality=ranking.originality(overlap),
        headline=ranking.own_words(echo),
        length=ranking.length_fit(weighted_length(body.strip()), rules.max_length),
        form=ranking.form(
            body, truncated=fitted.truncated or cut, num_removed=len(scrubbed.removed)
        ),
    )
    return Tweet(
        text=whole,
        length=length,
        remaining=rules.max_length - length,
        truncated=fitted.truncated or cut,
        removed=scrubbed.removed,
        ungrounded=claims,
        overlap=overlap,
        headline_overlap=echo,
        score=ranking.score(parts, context.weights),
        score_parts=parts,
        index=index,
        fallback=fallback,
    )


def _with_link(text: str, context: Context, limit: int, *, cut: bool) -> Fitted:
    """The text within `limit`, its one link where the rules want it."""
    link = context.link
    if LINK_MARK in text and link:
        inline = _replace_mark(text, link)
        if weighted_length(inline) <= limit:
            return Fitted(inline, truncated=False)
    wanted = link if context.rules.link == "append" or LINK_MARK in text else ""
    return fit(tidy(text.replace(LINK_MARK, " ")), limit, wanted, unfinished=cut)


def _replace_mark(text: str, link: str) -> str:
    """Put the link where the mark is, with space around it where it would melt into a word."""
    head, _, tail = text.partition(LINK_MARK)
    before = "" if not head or head[-1] in " \n(" else " "
    after = "" if not tail or tail[0] in " \n).,!?;:" else " "
    return f"{head}{before}{link}{after}{tail}"


def _has_one_link(text: str, link: str) -> bool:
    rest = text.replace(link, " ", 1) if link else text
    return not link_spans(rest)


def _says_something(text: str) -> bool:
    return any(char.isalnum() or is_emoji_like(char) for char in text)


def _usable_link(url: str) -> str:
    """A URL as X would take it: one link from end to end; empty where it cannot be made one."""
    match = _URL.fullmatch(url)
    if match is None or len(url) > _MAX_URL or len(match[1]) > _MAX_HOST:
        return ""
    host = _HOST_DOT.sub("", match[1])
    head, rest = url[: match.start(1)] + host, url[match.end(1) :]
    return _as_one_link(head, rest) or _as_one_link(head, quote(rest, safe=_URL_SAFE))


def _as_one_link(head: str, rest: str) -> str:
    """The URL with as much of `rest` percent-encoded as X needs to link all of it; empty where
    that is not enough. A host that X does not know (an intranet's) is no link in any form."""
    for _ in range(_MAX_REPAIRS):
        url = head + rest
        start, end = next(iter(twitter_text.link_spans(url)), (1, 0))
        if start > 0 or end == len(url):
            return url
        escaped = _escape_at(rest, end - len(head)) if end >= len(head) else rest
        if escaped == rest:
            break
        rest = escaped
    return ""


def _escape_at(rest: str, at: int) -> str:
    """Path and query with the run of punctuation at `at` percent-encoded.

    The sign before a query stays what it is; with no query behind it, it goes.
    """
    if rest[at] == "?" and "?" not in rest[:at]:
        at += 1
        if at == len(rest):
            return rest[:-1]
    run = (_LOOSE_IN_QUERY if "?" in rest[:at] else _LOOSE_IN_PATH).match(rest, at)
    escaped = "".join(f"%{ord(char):02X}" for char in run[0]) if run else ""
    return rest[:at] + escaped + rest[run.end() if run else at :]
