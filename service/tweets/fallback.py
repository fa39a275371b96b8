"""A tweet without a model: the article's own headline and first sentence. Plain, never wrong."""

from __future__ import annotations

import re

from service.errors import NoPostableTweet
from service.sentences import split_sentences
from service.tweets.clean import MAX_CHARS, tidy_quoted
from service.tweets.length import weighted_length
from service.tweets.postprocess import Context, finish, scrub_quoted
from service.tweets.ranking import headline_overlap
from service.tweets.tweet import Tweet

_ECHO = 0.8
_ENDED = re.compile(r"[.!?…。！？:][\"'“”’«»)]*$")


def make_fallback(context: Context) -> Tweet:
    """Headline and first sentence where both fit, else the headline, else as much as fits.

    Raises:
        NoPostableTweet: the article has no word that the rules would let stand.
    """
    for text in _openings(context):
        try:
            return finish(scrub_quoted(text, context), context, fallback=True)
        except NoPostableTweet:
            continue
    raise NoPostableTweet("The article has no words that a tweet could be made of.")


def _openings(context: Context) -> list[str]:
    """What the tweet may be made of, best first."""
    # Cleaned before anything is measured: only then is measuring fast whatever the text is.
    title = tidy_quoted(context.article.title)
    head = split_sentences(context.article.text[:MAX_CHARS])
    sentences = [text for sentence in head if (text := tidy_quoted(sentence))]
    first = sentences[0] if sentences else ""
    room = context.rules.max_length - (weighted_length(f" {context.link}") if context.link else 0)
    both = f"{title if _ENDED.search(title) else title + '.'} {first}"
    says_more = first and title and headline_overlap(first, title) < _ECHO
    fits = says_more and weighted_length(both) <= room
    return [text for text in (both if fits else "", title, first, *sentences[1:]) if text]
