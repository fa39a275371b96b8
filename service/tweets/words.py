"""Words, folded so that the same word in another dress is equal: case, accents, possessives,
plurals, dots in abbreviations.
"""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"\w+(?:[.'’\-‐‑]\w+)*")
HYPHEN = re.compile(r"[\-‐‑_]")
_POSSESSIVE = re.compile(r"['’](?:s|S)?$")
_NO_DECOMPOSITION = str.maketrans("łøđıæœþð", "lodiaotd")
# Too frequent to say what a text is about.
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    a about after all also an and any are as at be because been before but by can could did do does
    for from had has have he her here him his how i if in into is it its just like many may me more
    most much my new no not now of off on one only or other our out over own said say says she
    should so some such than that the their them then there these they this those to too up us very
    was we were what when where which while who why will with would you your
    """,
    )
)


def fold(word: str) -> str:
    """Lower case without accents, dots and possessive; `L’Équipe's` becomes `l'equipe`."""
    word = _POSSESSIVE.sub("", word.replace("’", "'"))
    if not word.isascii():
        plain = unicodedata.normalize("NFKD", word)
        word = "".join(c for c in plain if not unicodedata.combining(c))
    return word.casefold().translate(_NO_DECOMPOSITION).replace(".", "")


def words(text: str) -> list[str]:
    """All words of a text in order, folded, compounds in their parts."""
    found = (part for match in WORD.finditer(text) for part in HYPHEN.split(fold(match.group())))
    return [word for word in found if word]


def content_words(text: str) -> list[str]:
    """The words that say what a text is about, in the singular, in order."""
    return [singular(word) for word in words(text) if word not in STOP_WORDS]


def singular(word: str) -> str:
    """A folded word without the ending of a plural or of the third person; a rough stem."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
