"""What a tweet claims, looked for in the article: names, numbers, days, handles, hashtags, links.

Rules, no model. The article is read generously and the tweet with care: what is reported is not
in the article in any form that these rules know. They do not see a wrong verb between right names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, groupby, pairwise, starmap

from service.articles.article import Article
from service.tweets.common_words import ROLES, is_common, is_everyday
from service.tweets.dates import calendar_name, days_of_year, names_of_day
from service.tweets.entities import CASHTAG, HANDLE, HASHTAG, blank_entities, link_spans
from service.tweets.names import (
    POSSESSIVE,
    Part,
    Run,
    acronyms,
    institutions,
    is_capitalised,
    name_runs,
    split_glued,
)
from service.tweets.peoples import people_of
from service.tweets.quantities import Reading, ordinals, quantities
from service.tweets.tweet import Claim, ClaimKind
from service.tweets.units import general, is_loose, may_be_left_out
from service.tweets.words import HYPHEN, STOP_WORDS, WORD, fold, singular, words

MAX_CHARS = 60_000
"""Of an article's text; some ten thousand words."""
_NEAR = 3
"""The words of one name stand no further apart than this."""
_IDIOMS = re.compile(r"(?<!\d)(?:24/7|50/50)(?!\d)|\b[A-Z]\w+\s101(?!\s?[\w%€£$-])")
"""Numbers that count nothing: "open 24/7", "Parenting 101"."""
_US = "us"
_MODEL = re.compile(r"(?<!\w)[^\W\d_]{1,2}[\-‐‑]?(\d+)(?!\w)")
"""F-16, G7."""
CAMEL_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an article bears out, ready to be asked."""

    words: frozenset[str]
    """Folded, also in the singular, compounds also whole and in parts."""
    peoples: frozenset[int]
    """Countries that are named, by themselves or by their people."""
    acronyms: frozenset[str]
    """Initials of the names in the article."""
    institutions: frozenset[str]
    """Everyday words that the article has in capitals: US, WHO."""
    near: frozenset[tuple[str, str]]
    """Pairs of folded words that stand close together, in both orders."""
    numbers: frozenset[Reading]
    measured: frozenset[Decimal]
    """The values whose unit a writer may leave out, as of "7 years"."""
    days: frozenset[tuple[int, int]]
    calendar: frozenset[str]
    handles: frozenset[str]
    links: frozenset[str]
    run_on: str
    """All words in one string without space, for hashtags."""
    borders: frozenset[int]
    """Where a word begins or ends in `run_on`."""

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in the article in any form."""
        return (
            word in self.words
            or singular(word) in self.words
            or _joined(word) in self.words
            or word in self.acronyms
            or people_of(word) in self.peoples
        )

    def has_institution(self, word: str) -> bool:
        """Whether the article names what a word means in capitals: the US, the WHO."""
        is_country = word == _US and people_of("america") in self.peoples
        return is_country or word in self.institutions or word in self.acronyms

    def has_run(self, joined: str) -> bool:
        """Whether whole words, one after the other, make up `joined`."""
        at = self.run_on.find(joined)
        while at >= 0:
            if at in self.borders and at + len(joined) in self.borders:
                return True
            at = self.run_on.find(joined, at + 1)
        return False

    def has_number(self, value: Decimal, unit: str) -> bool:
        """Whether the article has a number, of that unit where the unit matters."""
        if (value, unit) in self.numbers:
            return True
        return (
            (value, "") in self.numbers if is_loose(unit) else not unit and value in self.measured
        )

    def has_pair(self, a: str, b: str) -> bool:
        """Whether two words of a name stand together; initials always do."""
        if any(word in self.acronyms and not is_everyday(word) for word in (a, b)):
            return True
        forms = ((_key(x), _key(y)) for x in words(a)[-1:] for y in words(b)[:1])
        return any(pair in self.near for pair in forms)


def facts_of(article: Article) -> Facts:
    """Read what a visitor of the page sees: title, byline and text, and the date.

    Of a very long text the head: a model sees less still, and reading takes time.
    """
    shown = "\n".join([article.title, *article.authors, article.text])[:MAX_CHARS]
    visible = unicodedata.normalize("NFC", shown)
    found = words(split_glued(visible))
    whole = {fold(match.group()) for match in WORD.finditer(visible)}
    named = frozenset(institutions(visible))
    spoken = [*quantities(visible), *quantities((article.published or "")[:4])]
    readings = {reading for quantity in spoken for reading in quantity.readings}
    return Facts(
        words=frozenset([*found, *whole, *map(_joined, whole), *map(singular, found)]),
        peoples=frozenset(
            filter(None, map(people_of, [*found, *(["usa"] if _US in named else [])]))
        ),
        acronyms=frozenset(acronyms(visible)),
        institutions=named,
        near=frozenset(_near_pairs(found)),
        numbers=frozenset(
            [(value, form) for value, unit in readings for form in (unit, general(unit))]
            + [(value, "") for value in ordinals(visible)]
            + [(Decimal(number), "") for number in _MODEL.findall(visible)]
        ),
        measured=frozenset(value for value, unit in readings if may_be_left_out(value, unit)),
        days=frozenset(
            pair
            for text in (visible, (article.published or "")[:10])
            for day in days_of_year(text)
            for pair in day.days
        ),
        calendar=frozenset(filter(None, map(calendar_name, found)))
        | names_of_day(article.published),
        handles=frozenset(match.group(1).casefold() for match in HANDLE.finditer(visible)),
        links=frozenset(_bare(word) for word in visible.split() if "." in word),
        run_on="".join(found),
        borders=frozenset(accumulate(map(len, found), initial=0)),
    )


def ungrounded(text: str, facts: Facts, link: str = "") -> tuple[Claim, ...]:
    """What `text` says and the article does not, in the order of the text.

    Args:
        link: the link that belongs to the tweet; it needs no ground.
    """
    plain = blank_entities(text)
    without_days = _blank(plain, [(day.start, day.end) for day in days_of_year(plain)])
    found = [
        *_foreign_entities(text.replace(link, " " * len(link)) if link else text, facts),
        *_foreign_days(plain, facts),
        *_foreign_numbers(without_days, facts),
        *_foreign_names(without_days, facts),
    ]
    return tuple(claim for _, claim in sorted(found, key=lambda item: item[0]))


def is_grounded_handle(name: str, facts: Facts) -> bool:
    return name.casefold() in facts.handles


def is_grounded_hashtag(tag: str, facts: Facts) -> bool:
    """Whether a tag's words, joined or in parts, are in the article."""
    folded = fold(tag)
    if facts.has_word(folded) or facts.has_run(folded):
        return True
    parts = [fold(part) for part in CAMEL_PARTS.findall(tag)]
    return len(parts) > 1 and all(facts.has_word(part) or part in STOP_WORDS for part in parts)


def is_grounded_link(link: str, facts: Facts) -> bool:
    return _bare(link) in facts.links


def _foreign_entities(text: str, facts: Facts) -> Iterator[tuple[int, Claim]]:
    for start, end in link_spans(text):
        if not is_grounded_link(text[start:end], facts):
            yield start, Claim("link", text[start:end])
    for match in HANDLE.finditer(text):
        if not is_grounded_handle(match.group(1), facts):
            yield match.start(), Claim("handle", match.group())
    for match in HASHTAG.finditer(text):
        if not is_grounded_hashtag(match.group(1), facts):
            yield match.start(), Claim("hashtag", match.group())
    for match in CASHTAG.finditer(text):
        if not facts.has_word(fold(match.group(1))):
            yield match.start(), Claim("hashtag", match.group())


def _foreign_days(text: str, facts: Facts) -> Iterator[tuple[int, Claim]]:
    for day in days_of_year(text):
        if not day.days & facts.days:
            yield day.start, Claim("date", text[day.start : day.end])


def _foreign_numbers(text: str, facts: Facts) -> Iterator[tuple[int, Claim]]:
    text = _blank(text, [idiom.span() for idiom in _IDIOMS.finditer(text)])
    for quantity in quantities(text):
        has = any(facts.has_number(value, unit) for value, unit in quantity.readings)
        if not has and not quantity.is_weak:
            yield quantity.start, Claim("number", quantity.text)


def _foreign_names(text: str, facts: Facts) -> Iterator[tuple[int, Claim]]:
    for run in name_runs(text):
        for first, last, kind in _strange_parts(run, facts):
            start = run.parts[first].start
            yield start, Claim(kind, text[start : run.parts[last].end])


def _strange_parts(run: Run, facts: Facts) -> Iterator[tuple[int, int, ClaimKind]]:
    """(first, last, kind) of the parts of a run that the article does not bear out."""
    folded = [fold(part.text) for part in run.parts]
    strange = [not _is_borne_out(part, facts, run.is_loose) for part in run.parts]
    if run.starts_sentence and len(run.parts) > 1 and not strange[1]:
        strange[0] = False  # the head of a sentence before a known name: "Legendary Obama"
    # In a headline every noun has a capital; two strange ones in a row make a name, or an owner.
    least = 2 if run.is_title else 1
    for is_strange, group in groupby(range(len(folded)), key=strange.__getitem__):
        indices = list(group)
        owns = any(POSSESSIVE.search(run.parts[i].text) for i in indices)
        if is_strange and (owns or len(indices) >= least):
            is_day = all(calendar_name(folded[i]) for i in indices)
            yield indices[0], indices[-1], "date" if is_day else "name"
    if (
        not run.is_title
        and not any(strange)
        and not all(starmap(facts.has_pair, _pairs(run, facts)))
    ):
        yield 0, len(folded) - 1, "name"


def _pairs(run: Run, facts: Facts) -> Iterator[tuple[str, str]]:
    """Words of a run, folded, that must stand together in the article: all that follow one another
    but "President Orlov", which is a title, and two everyday words, which are no name."""
    for a, b in pairwise(run.parts):
        first, second = fold(a.text), fold(b.text)
        names_something = not (is_everyday(first) and is_everyday(second))
        if names_something and not _goes_with_any(a, run, facts) and not _follows_any(b, run):
            yield first, second


def _goes_with_any(part: Part, run: Run, facts: Facts) -> bool:
    """Whether a word may stand before any name: a title, a country, the head of a sentence."""
    word = fold(part.text)
    is_free = run.is_loose or part.is_head
    return (
        word in ROLES
        or part.is_institution
        or bool(calendar_name(word))
        or (is_free and (is_common(word) or not facts.has_word(word)))
    )


def _follows_any(part: Part, run: Run) -> bool:
    word = fold(part.text)
    is_free = run.is_loose or part.is_head or part.text.isupper()
    return word in STOP_WORDS or bool(calendar_name(word)) or (is_free and is_common(word))


def _is_borne_out(part: Part, facts: Facts, is_loose: bool) -> bool:
    """Whether a capitalised word is in the article, or all its parts are or are everyday words."""
    whole = fold(part.text)
    if part.is_institution:
        return facts.has_institution(whole)
    if whole.isdigit() or facts.has_word(whole) or calendar_name(whole) in facts.calendar:
        return True
    if _MODEL.fullmatch(part.text):
        return False
    is_no_name = is_common if is_loose or part.is_head else is_everyday
    # "anti-Trump" and "UK-wide": what is in small letters names nothing.
    named = [p for p in HYPHEN.split(part.text) if is_capitalised(p) or p.isdigit()]
    return all(facts.has_word(name) or is_no_name(name) for name in map(fold, named))


def _key(word: str) -> str:
    """What a word and its other forms share."""
    people = people_of(word)
    return f"#{people}" if people else singular(word)


def _joined(word: str) -> str:
    """`f16` for "F-16", `oneill` for "O'Neill"."""
    return re.sub(r"['\-‐‑]", "", word)


def _near_pairs(found: list[str]) -> Iterator[tuple[str, str]]:
    stems = [_key(word) for word in found]
    for gap in range(1, _NEAR + 1):
        for a, b in zip(stems, stems[gap:], strict=False):
            yield a, b
            yield b, a


def _blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The same text with blanks in the spans, so that offsets stay."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _bare(link: str) -> str:
    """A link without scheme, www, case and what stands around it."""
    link = re.sub(r"^[a-z][a-z0-9+.\-]*:/+", "", link.strip("\"'“”‘’()[]<>.,;:!?…").casefold())
    return link.removeprefix("www.").rstrip("/")
