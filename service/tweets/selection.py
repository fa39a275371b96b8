"""The best of several candidates: drawn, made into tweets, sifted, ranked; never nothing.

Knows no engine: whoever calls it brings a `draw`. Candidate i of a seed is the same text however
many are drawn, so drawing more, or again, never changes what was drawn before.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from service.errors import Memorised, NoPostableTweet, TweetError, Ungrounded
from service.tweets.fallback import make_fallback
from service.tweets.overlap import is_memorised
from service.tweets.postprocess import Context, make_tweet
from service.tweets.ranking import distinct, rank, with_consensus
from service.tweets.tweet import Candidate, Claim, Tweet

DEFAULT_BEST_OF = 8
"""Candidates drawn for one tweet; twice as many as tweets where more are asked for, since a small
model says the same thing again and again."""
MAX_REDRAWS = 2
"""Times that more is drawn when too few candidates may be shown."""

Draw = Callable[[int, int], Sequence[Candidate]]
"""`draw(k, first_index)`: the candidates `first_index` to `first_index + k - 1`."""


Selecting = Generator[tuple[int, int], Sequence[Candidate], "Selection"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What may be shown, best first, and what was left out."""

    tweets: tuple[Tweet, ...]
    num_drawn: int
    num_memorised: int
    num_ungrounded: int
    """Left out by `ungrounded: reject`."""
    num_duplicates: int


@dataclass(slots=True)
class _Sieve:
    """Sorts candidates as they come."""

    context: Context
    passed: list[Tweet] = field(default_factory=list)
    num_drawn: int = 0
    num_memorised: int = 0
    num_ungrounded: int = 0

    def take(self, candidates: Sequence[Candidate]) -> None:
        for candidate in candidates:
            self.num_drawn += 1
            try:
                self._judge(make_tweet(candidate, self.context))
            except NoPostableTweet:
                continue

    def distinct(self) -> list[Tweet]:
        """What passed, best first, each only once."""
        context = self.context
        return distinct(rank(with_consensus(self.passed, context.weights, context.link)))

    def error(self) -> TweetError:
        """Why nothing passed."""
        if self.num_memorised:
            return Memorised("Every candidate repeats a tweet that the model was trained on.")
        if self.num_ungrounded:
            return Ungrounded("Every candidate says something that the article does not.")
        return NoPostableTweet("No candidate can be posted.")

    def _judge(self, tweet: Tweet) -> None:
        rules = self.context.rules
        if is_memorised(tweet.overlap, rules):
            self.num_memorised += 1
        elif rules.ungrounded == "reject" and any(map(self._is_unwanted, tweet.ungrounded)):
            self.num_ungrounded += 1
        else:
            self.passed.append(tweet)

    def _is_unwanted(self, claim: Claim) -> bool:
        """Tags and handles that the rules keep on purpose are no reason to refuse."""
        rules = self.context.rules
        kept = {"hashtag": rules.hashtags == "keep", "handle": rules.mentions == "keep"}
        return not kept.get(claim.kind, False)


def default_best_of(n: int) -> int:
    """How many candidates to draw for `n` tweets where a request does not say."""
    return max(DEFAULT_BEST_OF, 2 * n)


def choose(
    context: Context,
    draw: Draw,
    *,
    n: int = 1,
    best_of: int | None = None,
    max_redraws: int = MAX_REDRAWS,
) -> Selection:
    """Run `selecting` with a plain function that draws. Raises: as that."""
    steps = selecting(context, n=n, best_of=best_of, max_redraws=max_redraws)
    try:
        wanted = next(steps)
        while True:
            wanted = steps.send(draw(*wanted))
    except StopIteration as done:
        selection: Selection = done.value
        return selection


def selecting(
    context: Context,
    *,
    n: int = 1,
    best_of: int | None = None,
    max_redraws: int = MAX_REDRAWS,
) -> Selecting:
    """Ask for candidates and keep the `n` best that may be shown.

    Yields what it wants drawn, as `Draw` takes it, and is sent the candidates; so that whoever
    draws may do so step by step.

    Where fewer than `n` pass, what is missing is drawn again, `max_redraws` times at most (0 where
    drawing is greedy: it would only give the same). Fewer than `n` may come back, never none: then
    the fallback stands alone.

    Raises:
        Memorised, Ungrounded, NoPostableTweet: nothing passed and the rules allow no fallback.
        NoPostableTweet: the fallback too has nothing to say.
    """
    sieve = _Sieve(context)
    sieve.take((yield max(n, best_of or default_best_of(n)), 0))
    for _ in range(max_redraws):
        missing = n - len(sieve.distinct())
        if missing <= 0:
            break
        sieve.take((yield missing, sieve.num_drawn))
    found = sieve.distinct()
    if not found and not context.rules.fallback:
        raise sieve.error()
    return Selection(
        tweets=tuple(found[:n]) or (make_fallback(context),),
        num_drawn=sieve.num_drawn,
        num_memorised=sieve.num_memorised,
        num_ungrounded=sieve.num_ungrounded,
        num_duplicates=len(sieve.passed) - len(found),
    )
