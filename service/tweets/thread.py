"""An article in several posts, numbered: the tweet first, then the article's own sentences.

What follows the first post is quoted and not written, so that it is as true as the article.
"""

from __future__ import annotations

from collections import Counter

from service.errors import NoPostableTweet
from service.sentences import split_sentences
from service.tweets.clean import clean, is_finished, tidy
from service.tweets.length import weighted_length
from service.tweets.postprocess import Context, finish, without_link
from service.tweets.scrub import Scrubbed, scrub
from service.tweets.tweet import Tweet
from service.tweets.words import content_words

MIN_POSTS, MAX_POSTS = 2, 10
_MAX_SENTENCES = 200
"""Sentences of the article that are looked at."""
_MIN_WORDS = 4
_SAME = 0.6
"""A sentence with more of its words in the posts before it says nothing new."""


def make_thread(opening: Tweet, context: Context, num_posts: int) -> tuple[Tweet, ...]:
    """At most `num_posts` posts "1/4 …" to "4/4 …", the link in the last one.

    Args:
        opening: the tweet to begin with, as `choose` gave it.
        num_posts: MIN_POSTS to MAX_POSTS; fewer come back where the article says too little.

    Raises:
        NoPostableTweet: the article has nothing to say beside the opening, or nothing so short.
    """
    first = opening.text.replace(context.link, " ") if context.link else opening.text
    sentences = _sentences(context)
    rest = _pick(first, _fitting(sentences, context), num_posts - 1)
    if not rest:
        raise _no_thread(is_short=not _pick(first, sentences, 1), context=context)
    total = len(rest) + 1
    plain = without_link(context)
    head = finish(
        Scrubbed(tidy(first), opening.removed),
        plain,
        index=opening.index,
        fallback=opening.fallback,
        prefix=f"1/{total} ",
    )
    return head, *(
        finish(
            text, context if at == total else plain, index=opening.index, prefix=f"{at}/{total} "
        )
        for at, text in enumerate(rest, start=2)
    )


def _no_thread(*, is_short: bool, context: Context) -> NoPostableTweet:
    if is_short:
        return NoPostableTweet("The article is too short for a thread.")
    beside = "its number and the link" if context.link else "its number"
    return NoPostableTweet(
        f"No further sentence fits into max_length={context.rules.max_length} beside {beside}."
    )


def _pick(first: str, sentences: list[Scrubbed], num: int) -> list[Scrubbed]:
    """The sentences that say most of the article, each new beside the others, in its order."""
    weight = Counter(word for text in sentences for word in set(content_words(text.text)))
    said = set(content_words(first))
    picked: list[int] = []
    by_weight = sorted(range(len(sentences)), key=lambda i: (-_salience(sentences[i], weight), i))
    for i in by_weight:
        found = set(content_words(sentences[i].text))
        if len(found & said) <= _SAME * len(found):
            picked.append(i)
            said |= found
        if len(picked) == num:
            break
    return [sentences[i] for i in sorted(picked)]


def _sentences(context: Context) -> list[Scrubbed]:
    """The article's whole sentences, scrubbed by the rules."""
    found = []
    for sentence in split_sentences(context.article.text)[:_MAX_SENTENCES]:
        scrubbed = scrub(clean(sentence).text, context.facts, context.rules)
        if len(content_words(scrubbed.text)) >= _MIN_WORDS and is_finished(scrubbed.text):
            found.append(scrubbed)
    return found


def _fitting(sentences: list[Scrubbed], context: Context) -> list[Scrubbed]:
    """Those that fit into a post."""
    room = context.rules.max_length - weighted_length("10/10 ")
    room -= weighted_length(f" {context.link}") if context.link else 0
    return [sentence for sentence in sentences if weighted_length(sentence.text) <= room]


def _salience(sentence: Scrubbed, weight: Counter[str]) -> float:
    """How often the article comes back to what a sentence speaks of, a word of it on average."""
    found = set(content_words(sentence.text))
    return sum(weight[word] for word in found) / (len(found) + _MIN_WORDS)
