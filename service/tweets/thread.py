"""An article in several posts, numbered: the tweet first, then the article's own sentences.

What follows the first post is quoted and not written, so that it is as true as the article.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

from service.errors import NoPostableTweet
from service.sentences import split_sentences
from service.tweets.clean import is_finished, tidy, tidy_quoted
from service.tweets.length import weighted_length
from service.tweets.postprocess import Context, finish, scrub_quoted, without_link
from service.tweets.scrub import Scrubbed
from service.tweets.tweet import MAX_LENGTH, Tweet
from service.tweets.words import content_words

MIN_POSTS, MAX_POSTS = 2, 10
_MAX_SENTENCES = 200
"""Sentences of the article that are looked at."""
_MAX_CHARS = 2 * MAX_LENGTH
"""Of a sentence: more would fit only if the rules took half of it out."""
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
    sentences = split_sentences(context.article.text)[:_MAX_SENTENCES]
    rest = _pick(first, _quoted(sentences, context), num_posts - 1)
    if not rest:
        raise _no_thread(first, sentences, context)
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


def _no_thread(first: str, sentences: list[str], context: Context) -> NoPostableTweet:
    said = set(content_words(first))
    words = map(content_words, sentences)
    if not any(len(found) >= _MIN_WORDS and _is_new(set(found), said) for found in words):
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
        if _is_new(found, said):
            picked.append(i)
            said |= found
        if len(picked) == num:
            break
    return [sentences[i] for i in sorted(picked)]


def _is_new(found: set[str], said: set[str]) -> bool:
    return len(found & said) <= _SAME * len(found)


def _quoted(sentences: list[str], context: Context) -> list[Scrubbed]:
    """Those that fit into a post, scrubbed by the rules."""
    room = context.rules.max_length - weighted_length("10/10 ")
    room -= weighted_length(f" {context.link}") if context.link else 0
    found = []
    # Scrubbing takes tens of milliseconds for a sentence that is one long word.
    for sentence in (s for s in sentences if _may_fit(s.strip(), room)):
        scrubbed = scrub_quoted(tidy_quoted(sentence), context)
        long_enough = len(content_words(scrubbed.text)) >= _MIN_WORDS
        if long_enough and is_finished(scrubbed.text) and weighted_length(scrubbed.text) <= room:
            found.append(scrubbed)
    return found


def _may_fit(sentence: str, room: int) -> bool:
    """Whether a sentence has words, and not too many, even if all that the rules could take out
    of it goes. A cheap look, before the dear one."""
    if len(sentence) > _MAX_CHARS or 2 * len(content_words(sentence)) < _MIN_WORDS:
        return False
    found = (word.strip(".,;:!?…") for word in unicodedata.normalize("NFC", sentence).split())
    stays = "".join(word for word in found if not set(word) & set("@＠#＃./:["))
    return sum(map(_least_length, stays)) <= room


def _least_length(char: str) -> int:
    """X's units of a letter or a mark on it; of an emoji's parts none."""
    if char.isalnum():
        return 1 if ord(char) < 0x1100 else 2
    return int(unicodedata.category(char) == "Mn" and not 0xFE00 <= ord(char) <= 0xFE0F)


def _salience(sentence: Scrubbed, weight: Counter[str]) -> float:
    """How often the article comes back to what a sentence speaks of, a word of it on average."""
    found = set(content_words(sentence.text))
    return sum(weight[word] for word in found) / (len(found) + _MIN_WORDS)
