"""From A Headline's Capitals to a sentence's: one way of writing, and names that stand out.

Half of all posts are written in title case. Which of their words are names, the article itself
tells: it writes them with a capital in the middle of its sentences. Knows no model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from service.sentences import split_sentences

_WORD = re.compile(r"[^\W\d_][\w’'\-]*")
_OPENING = " \"'“‘«([#@"
_SENTENCE_BEFORE = re.compile(r"[.!?…][\"”’)]*\s+[\"“‘(]*$")
_MIN_WORD, _MIN_SHARE = 4, 0.7
"""Title case: that share of the words of at least that many letters has a capital."""


class Casing:
    """How words are written in the middle of sentences."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._lower: Counter[str] = Counter()
        self._upper: Counter[str] = Counter()
        self._forms: dict[str, str] = {}
        for text in texts:
            self.learn(text)

    def learn(self, text: str) -> None:
        for sentence in split_sentences(text):
            for match in list(_WORD.finditer(sentence))[1:]:
                self._count(match.group())

    def is_name(self, word: str) -> bool | None:
        """None where neither form, or both alike, were seen."""
        upper, lower = (sum(c[key] for key in _keys(word)) for c in (self._upper, self._lower))
        return None if upper == lower else upper > lower

    def form(self, word: str) -> str:
        """A name as the texts write it: `iPhone`, `NASA`."""
        return self._forms.get(word.lower(), word)

    def _count(self, word: str) -> None:
        if word == word.lower():
            self._lower[word] += 1
        else:
            self._upper[word.lower()] += 1
            self._forms[word.lower()] = word


def is_title_case(text: str) -> bool:
    """Whether most longer words after the first begin with a capital."""
    words = [word for word in _WORD.findall(text)[1:] if len(word) >= _MIN_WORD]
    capitals = sum(word[0].isupper() for word in words)
    return len(words) >= 2 and capitals / len(words) >= _MIN_SHARE


def sentence_case(text: str, article: str, corpus: Casing) -> str:
    """A text in title case, written as a sentence; any other text as it is.

    A word stays a name where the article has it so; where the article does not have it at all,
    the corpus decides.
    """
    if not is_title_case(text):
        return text
    own = Casing([article])

    def recase(match: re.Match[str]) -> str:
        return _recase(match.group(), _starts(text, match.start()), own, corpus)

    return _WORD.sub(recase, text)


def _recase(word: str, starts: bool, own: Casing, corpus: Casing) -> str:
    if word == "I" or word[:2] in ("I'", "I’"):
        return word
    known = own.is_name(word)
    name = corpus.is_name(word) if known is None else known
    if name is None:
        return word
    if name:
        return own.form(word) if word.isupper() and len(word) > _MIN_WORD else word
    return word[0].upper() + word[1:].lower() if starts else word.lower()


def _keys(word: str) -> set[str]:
    """The word and what is left of it without a possessive ending."""
    return {word.lower(), re.split("['’]", word.lower())[0]}


def _starts(text: str, at: int) -> bool:
    before = text[:at]
    return not before.strip(_OPENING) or _SENTENCE_BEFORE.search(before) is not None
