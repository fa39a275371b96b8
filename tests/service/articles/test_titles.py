"""The article's title without the site's name, wherever the page says it."""

from __future__ import annotations

import pytest

from service.articles.reading.titles import Titles, best_title

SITE = ["The Daily Bridge"]
URL = "https://www.dailybridge.example/news/1"


@pytest.mark.parametrize(
    "title",
    [
        "Ferry orders ships | The Daily Bridge",
        "Ferry orders ships - The Daily Bridge",
        "Ferry orders ships – The Daily Bridge",
        "Ferry orders ships — The Daily Bridge",
        "Ferry orders ships · The Daily Bridge",
        "Ferry orders ships :: The Daily Bridge",
        "Ferry orders ships » The Daily Bridge",
        "Ferry orders ships｜The Daily Bridge",
        "Ferry orders ships | dailybridge.example",
        "The Daily Bridge | Ferry orders ships",
        "The Daily Bridge - Ferry orders ships",
        "The Daily Bridge: Ferry orders ships",
        "Ferry orders ships | The Daily Bridge | dailybridge",
        "Ferry orders ships > The Daily Bridge",
        "Ferry orders ships ‹ The Daily Bridge",
        "Ferry orders ships › The Daily Bridge",
        "Ferry orders ships (The Daily Bridge)",
        "Ferry orders ships [dailybridge.example]",
        "Ferry orders ships -The Daily Bridge",
        "Ferry orders ships- The Daily Bridge",
        "Ferry orders ships — www.dailybridge.example",
        "Ferry orders ships — www.dailybridge.com",
        "Ferry orders ships – News – The Daily Bridge",
        "Ferry orders ships | Sport | The Daily Bridge",
        "Ferry orders ships",
    ],
)
def test_the_sites_name_is_cut(title: str) -> None:
    assert best_title(Titles(open_graph=title), SITE, URL)[0] == "Ferry orders ships"


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Spider-Man is back",
            "Black | white",
            "Rain - and then more rain",
            "AC/DC: back in town",
        ),
        *("Pre- and post-war homes", "Trams (and buses)", "5 > 3", "Ferry orders ships - News"),
    ],
)
def test_other_separators_stay(title: str) -> None:
    assert best_title(Titles(open_graph=title), SITE, URL)[0] == title


def test_a_heading_that_is_confirmed_goes_first() -> None:
    titles = Titles(
        json_ld="Ferry firm buys four ships",
        open_graph="Ferry orders ships",
        heading="Ferry orders ships!",
        document="Ferry orders ships - News - The Daily Bridge",
    )
    assert best_title(titles, SITE, URL) == ("Ferry orders ships!", "html")


def test_the_section_goes_with_the_site_where_the_heading_shows_it() -> None:
    titles = Titles(
        heading="Ferry orders ships", document="Ferry orders ships | Sea | The Daily Bridge"
    )
    assert best_title(titles, [], URL)[0] == "Ferry orders ships"


@pytest.mark.parametrize("behind", [" (Leeds Times)", " -Leeds Times", "- Leeds Times", " › News"])
def test_the_heading_is_the_title_without_what_stands_behind_it(behind: str) -> None:
    titles = Titles(heading="Ferry orders ships", document=f"Ferry orders ships{behind}")
    assert best_title(titles, [], URL)[0] == "Ferry orders ships"


def test_a_section_is_known_by_the_address() -> None:
    titles = Titles(document="Ferry orders ships – Harbour – The Daily Bridge")
    url = "https://www.dailybridge.example/2024/harbour/ferry"
    assert best_title(titles, SITE, url)[0] == "Ferry orders ships"
    titles = Titles(document="The year in ferries – 2024 – The Daily Bridge")
    assert best_title(titles, SITE, url)[0] == "The year in ferries – 2024"


def test_a_kicker_is_no_title() -> None:
    titles = Titles(heading="Trams", open_graph="Trams (and buses) are back")
    assert best_title(titles, SITE, URL)[0] == "Trams (and buses) are back"


@pytest.mark.parametrize(
    ("titles", "origin"),
    [
        (Titles(json_ld="A", open_graph="B", newspaper="C", document="D"), "json-ld"),
        (Titles(open_graph="B", newspaper="C", document="D"), "open-graph"),
        (Titles(newspaper="C", document="D"), "newspaper"),
        (Titles(document="D"), "html"),
        (Titles(heading="E"), "html"),
        (Titles(), ""),
    ],
)
def test_where_it_came_from_is_said(titles: Titles, origin: str) -> None:
    assert best_title(titles, SITE, URL)[1] == origin


def test_the_sites_own_name_is_no_title() -> None:
    titles = Titles(open_graph="The Daily Bridge", heading="Ferry orders ships")
    assert best_title(titles, SITE, URL)[0] == "Ferry orders ships"
