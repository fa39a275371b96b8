"""From a model's text to a tweet that can be posted: clean, scrub, cut, link, check, measure.

Pure: the same text, article and rules give the same tweet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from service.articles.article import Article
from service.errors import NoPostableTweet
from service.sentences import split_sentences
from service.tweets import ranking
from service.tweets.characters import is_emoji_like
from service.tweets.clean import clean, tidy, tidy_quoted
from service.tweets.entities import LINK_MARK, link_spans
from service.tweets.grounding import MAX_CHARS, Facts, facts_of, ungrounded
from service.tweets.length import Fitted, fit, is_postable, weighted_length
from service.tweets.link import usable_link
from service.tweets.overlap import EMPTY, OverlapIndex
from service.tweets.scrub import Scrubbed, scrub
from service.tweets.tweet import Candidate, ScoreParts, Tweet, TweetRules
from service.tweets.words import content_words

_LEAD_SENTENCES = 3


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
        link="" if rules.link == "none" else usable_link(rules.link_url or ""),
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
    fitted = fit(tidy(text.replace(LINK_MARK, " ")), limit, wanted, unfinished=cut)
    return _whole_pairs(fitted, wanted) if fitted.truncated or cut else fitted


def _whole_pairs(fitted: Fitted, link: str) -> Fitted:
    """A cut may part two quotation marks; the one that is left goes."""
    head = fitted.text.removesuffix(link)
    link = fitted.text[len(head) :]
    return replace(fitted, text=f"{tidy(head)} {link}".strip())


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
