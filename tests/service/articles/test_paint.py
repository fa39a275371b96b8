"""Text in the colour of its ground is not read; light text on a dark ground is."""

from __future__ import annotations

import pytest

from service.articles.reading.colours import WHITE, alike, colour
from service.articles.reading.hidden import prune_hidden
from service.articles.reading.page import parse
from tests.service.articles.conftest import visible

MORE = "Before, and some more."
LINK = '<link rel="stylesheet" href="a.css">'
HIDDEN = [
    '<p style="color:#fff">SECRET</p>',
    '<p style="color:White !important">SECRET</p>',
    '<p style="color:rgb(254 254 254)">SECRET</p>',
    '<p style="color:hsl(0,0%,99%)">SECRET</p>',
    '<p style="color:rgba(0,0,0,.02)">SECRET</p>',
    '<p style="-webkit-text-fill-color:#fff;color:#000">SECRET</p>',
    '<p style="color:#fff;background:none">SECRET</p>',
    '<p style="color:#fff;background-color:#ffffff">SECRET</p>',
    '<p><font color="#fffffe">SECRET</font></p>',
    '<style>body{background:#fff}</style><p style="color:#fff">SECRET</p>',
    '<style>body{background:#fff} .x{color:#fff}</style><p class="x">SECRET</p>',
    '<style>p{color:#333} .x{color:#fff}</style><p class="x">SECRET</p>',
    '<style>body{background:#111}</style><p style="color:#0f0f0f">SECRET</p>',
    '<style>@media print{body{background:#000}}</style><p style="color:#fff">SECRET</p>',
    '<style>p:hover{background:#000}</style><p style="color:#fff">SECRET</p>',
    '<div style="color:#fff"><p>SECRET</p></div>',
    '<div style="background:#000"><p style="color:#000">SECRET</p></div>',
    f'{LINK}<p style="color:#fff">SECRET</p>',
]
SHOWN = [
    '<p style="color:#fff;background:#036">SEEN</p>',
    '<p style="color:#fff;background:navy">SEEN</p>',
    '<div style="background-color:rgb(0,0,0)"><p style="color:#fff">SEEN</p></div>',
    '<table bgcolor="#003366"><tr><td><font color="white">SEEN</font></table>',
    '<p style="color:#fff;background:url(dark.jpg)">SEEN</p>',
    '<p style="color:#fff;background:#fff linear-gradient(#000,#333)">SEEN</p>',
    '<p style="color:#fff;background:rgba(0,0,0,.6)">SEEN</p>',
    '<p style="color:#fff;background:var(--box)">SEEN</p>',
    '<div background="dark.jpg"><p style="color:#fff">SEEN</p></div>',
    '<style>.box{background:#000}</style><div class="box"><p style="color:#fff">SEEN</p></div>',
    "<style>body{background:#111;color:#eee}</style><p>SEEN</p>",
    '<style>body{background-image:url(x)}</style><p style="color:#fff">SEEN</p>',
    '<style>@media (min-width:900px){.x{background:#000}}.x{color:#fff}</style><p class="x">SEEN',
    '<style>.x{color:#fff} p.x{color:#222}</style><p class="x">SEEN</p>',
    '<style>.x{color:#fff}</style><p class="x" style="color:#222">SEEN</p>',
    '<div style="color:#fff"><p style="color:#222">SEEN</p></div>',
    '<p style="color:#fff"><button>SEEN</button></p>',
    '<p style="color:#767676">SEEN</p>',
    '<p style="color:var(--ink)">SEEN</p>',
    f"<style>a{{color:#fff}}</style>{LINK}<p><a>SEEN</a></p>",
    '<meta name="color-scheme" content="dark"><p style="color:#fff">SEEN</p>',
    '<style>:root{color-scheme:light dark}</style><p style="color:#fff">SEEN</p>',
    f'{LINK}<div style="color:#fff"><p>{"SEEN on a dark page. " * 9}</p></div>',
]


@pytest.mark.parametrize("html", HIDDEN)
def test_text_in_the_colour_of_its_ground_goes(html: str) -> None:
    text = visible(html, MORE)
    assert "SECRET" not in text
    assert text.startswith("Before,")
    assert text.endswith("After.")


@pytest.mark.parametrize("html", SHOWN)
def test_text_that_stands_out_stays(html: str) -> None:
    assert "SEEN" in visible(html, MORE)


@pytest.mark.parametrize(
    "attribute", ['class="dark-mode"', 'class="no-js dark"', "data-theme=dark"]
)
def test_a_page_that_calls_itself_dark_is_not_judged(attribute: str) -> None:
    tree = parse(f'<html {attribute}><body><p style="color:#fff">SEEN</p></body></html>')
    prune_hidden(tree)
    assert "SEEN" in tree.text_content()


def test_what_stands_around_dark_words_goes_alone() -> None:
    html = '<p style="color:#fff">SECRET <b style="color:#000">SEEN</b> SECRET</p>'
    text = visible(html, MORE)
    assert "SECRET" not in text
    assert "SEEN" in text


@pytest.mark.parametrize(
    "text", ["white", "#FFF", "#ffff", "#ffffffff", "rgb(100%,100%,100%)", "hsl(0 0% 100% / 1)"]
)
def test_a_colour_has_many_spellings(text: str) -> None:
    assert colour(text.lower()) == WHITE


@pytest.mark.parametrize("text", ["", "navy", "var(--x)", "rgb(1)", "#12", "url(white)"])
def test_what_is_no_plain_colour_is_like_nothing(text: str) -> None:
    assert not alike(colour(text), WHITE)
