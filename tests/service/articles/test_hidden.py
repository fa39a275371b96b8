"""What a page hides is no part of it, however it is hidden; what it shows stays."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.articles.reading.hidden import prune_hidden
from service.articles.reading.page import parse
from service.errors import ArticleTooLarge
from tests.service.articles.conftest import visible

HIDDEN = [
    '<p style="display:none">SECRET</p>',
    '<p style="DISPLAY : None !important">SECRET</p>',
    '<p style="color:red;display:/**/none">SECRET</p>',
    r'<p style="dis\70lay:none">SECRET</p>',
    '<p style="visibility:hidden">SECRET</p>',
    '<p style="opacity:0">SECRET</p>',
    '<p style="opacity: 0.001;">SECRET</p>',
    '<p style="font-size:0">SECRET</p>',
    '<p style="font-size:1px">SECRET</p>',
    '<p style="font-size:0.01em">SECRET</p>',
    '<p style="position:absolute;left:-9999px">SECRET</p>',
    '<p style="position:absolute;left:-100vw">SECRET</p>',
    '<p style="text-indent:-5000px">SECRET</p>',
    '<p style="transform:translateX(-9999px)">SECRET</p>',
    '<p style="transform:scale(0)">SECRET</p>',
    '<p style="filter:opacity(0)">SECRET</p>',
    '<p style="clip:rect(0 0 0 0)">SECRET</p>',
    '<p style="clip-path:inset(50%)">SECRET</p>',
    '<p style="height:0;overflow:hidden">SECRET</p>',
    '<p style="max-height:0">SECRET</p>',
    '<p style="color:transparent">SECRET</p>',
    '<p style="color:#fff;background:white">SECRET</p>',
    "<p hidden>SECRET</p>",
    '<div hidden=""><div><p>SECRET</p></div></div>',
    '<div ARIA-HIDDEN="TRUE"><p>SECRET</p></div>',
    '<span class="a sr-only b">SECRET</span>',
    "<template><p>SECRET</p></template>",
    "<dialog>SECRET</dialog>",
    "<!-- SECRET -->",
    "<!--[if IE]><p>SECRET</p><![endif]-->",
    '<img alt="SECRET">',
    '<abbr title="SECRET">x</abbr>',
    '<style>.x{display:none}</style><p class="x">SECRET</p>',
    '<style>.a,.x , .b{ color:red; display : none!important }</style><p class="x">SECRET</p>',
    '<style>/* x */ p.x{display:none}</style><p class="x">SECRET</p>',
    '<style>#x{visibility:hidden}</style><p id="x">SECRET</p>',
    '<style>.w .x{display:none}</style><div class="w"><p class="x">SECRET</p></div>',
    '<style>div > p.x{display:none}</style><div><p class="x">SECRET</p></div>',
    "<style>[data-h]{display:none}</style><p data-h>SECRET</p>",
    '<style>@media screen{.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@import "a"; .x{display:none}</style><p class="x">SECRET</p>',
    '<p style="opacity:0%">SECRET</p>',
    '<p style="font-size:1pt">SECRET</p>',
    '<p style="font-size:1%">SECRET</p>',
    '<p style="font:0/0 a">SECRET</p>',
    '<p style="font: italic 700 1px/1 serif">SECRET</p>',
    '<p style="transform:scaleY(0)">SECRET</p>',
    '<p style="transform:matrix(0,0,0,0,1,1)">SECRET</p>',
    '<p style="scale:0">SECRET</p>',
    '<p style="translate:-9999px">SECRET</p>',
    '<p style="clip-path:circle(0)">SECRET</p>',
    '<p style="clip-path:polygon(0 0, 0 0)">SECRET</p>',
    '<p style="position:absolute;left:-99em">SECRET</p>',
    '<p style="position:absolute;left:9999px">SECRET</p>',
    '<p style="margin:0 0 0 -9999px">SECRET</p>',
    '<p style="width:1px;height:1px;overflow:hidden">SECRET</p>',
    '<p style="color:rgba(0,0,0,0)">SECRET</p>',
    '<p style="color:rgb(0 0 0 / 0%)">SECRET</p>',
    '<p style="color:#0000">SECRET</p>',
    '<p style="-webkit-text-fill-color:transparent">SECRET</p>',
    r'<p style="displa\y:none">SECRET</p>',
    "<p popover>SECRET</p>",
    "<style><!-- .x{display:none} --></style><p class='x'>SECRET</p>",
    "<style>.a:after{content:'{'} .x{display:none}</style><p class='x'>SECRET</p>",
    "<style>:is(.x){display:none}</style><p class='x'>SECRET</p>",
    "<style>:where(.y, .x){display:none}</style><p class='x'>SECRET</p>",
    "<style>b:nth-child(2){display:none}</style><i><b>x</b><b>SECRET</b></i>",
    "<style>b:last-child{display:none}</style><i><b>x</b><b>SECRET</b></i>",
    "<style>b:not(:first-child){display:none}</style><i><b>x</b><b>SECRET</b></i>",
    "<style>b + b{display:none}</style><i><b>x</b><b>SECRET</b></i>",
    "<style>.w{color:red; .x{display:none}}</style><div class='w'><p class='x'>SECRET</p></div>",
    "<style>.w{&.x{display:none}}</style><p class='w x'>SECRET</p>",
    "<style>.x{@media screen{display:none}}</style><p class='x'>SECRET</p>",
    "<style>@media (min-width:1px){.x{display:none}}</style><p class='x'>SECRET</p>",
    "<style>@media not print{.x{display:none}}</style><p class='x'>SECRET</p>",
    "<style>@media (0 < 1), (width >= 1px){.x{display:none}}</style><p class='x'>SECRET</p>",
]
SHOWN = [
    "<p>SEEN</p>",
    '<p style="color:#fff;background:black">SEEN</p>',
    '<p style="background-color: transparent;">SEEN</p>',
    '<p style="display:block;opacity:0.9;font-size:0.9em;height:0.5em">SEEN</p>',
    '<p style="margin-left:-10px">SEEN</p>',
    '<p aria-hidden="false">SEEN</p>',
    '<p hidden="until-found">SEEN</p>',
    '<p class="hiddenish">SEEN</p>',
    '<style>@media print{.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@media (max-width:600px){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>.x:hover{display:none}</style><p class="x">SEEN</p>',
    '<style>.js .x{display:none}</style><p class="x">SEEN</p>',
    "<style>}}}{{{.x{display:none</style><p class='x'>SEEN</p>",
    "<style>p..x,>{display:none}</style><p class='x'>SEEN</p>",
    "<style>@keyframes k{from{opacity:0}to{opacity:1}}</style><p>SEEN</p>",
    "<details><summary>More</summary><p>SEEN</p></details>",
    '<p style="font:700 1.2em/1.5 serif;opacity:90%;letter-spacing:-0.5px">SEEN</p>',
    '<p style="left:50%;margin-left:-50vw;margin-top:-3em;transform:translate(-50%,-50%)">SEEN</p>',
    '<p style="transform:scaleX(-1)">SEEN</p>',
    '<p style="background:linear-gradient(red,blue);background-clip:text;color:transparent">SEEN',
    '<style media="print">.x{display:none}</style><p class="x">SEEN</p>',
    '<noscript><style>.x{display:none}</style></noscript><p class="x">SEEN</p>',
    '<style>@media (min-width:1024px){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@media (prefers-color-scheme:dark){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@supports not (display:grid){.x{display:none}}</style><p class="x">SEEN</p>',
    "<style>.x:not(.open){display:none}</style><p class='x'>SEEN</p>",
    "<style>.x::first-letter,.x:before{font-size:0}</style><p class='x'>SEEN</p>",
    "<style>.w{.y{display:none}}</style><p class='w'>SEEN</p>",
    "<style>b:first-child{display:none}</style><i><b>x</b><b>SEEN</b></i>",
    "<style>a.x{display:none}</style><p class='x'>SEEN</p>",
]


@pytest.mark.parametrize("html", HIDDEN)
def test_what_is_hidden_goes_and_the_rest_stays(html: str) -> None:
    text = visible(html)
    assert "SECRET" not in text
    assert text.startswith("Before.")
    assert text.endswith("After.")


@pytest.mark.parametrize("html", SHOWN)
def test_what_is_shown_stays(html: str) -> None:
    assert "SEEN" in visible(html)


CSS = st.lists(
    st.sampled_from(
        [
            *("p", ".x", "#i", "[a|b=c]", "*|h", ":nth-child(2n+1)", ":nth-child(+)", ":is(.x)"),
            *(":not(", ":has(p)", "::before", ">", "+", "~", ",", "{", "}", ";", "&", "@media ("),
            *(
                "display:none",
                "color:#ff",
                "rgb(1.2.3,0)",
                "hsl(-1",
                "font:.0",
                "scale:",
                "\\7",
                "'",
            ),
            *("left:-1e9", "opacity:.", "/*", "-->", "(width>1.1.1px)", "matrix(1,,,)", "é", "!"),
        ]
    ),
    max_size=30,
).map("".join)


@given(CSS)
def test_no_sheet_is_a_crash(css: str) -> None:
    tree = parse(f'<style>{css}</style><p class="x" id="i" style="{css}">a<b>b</b></p><p>c</p>')
    with suppress(ArticleTooLarge):
        prune_hidden(tree)


def test_a_body_that_scripts_show_is_read() -> None:
    tree = parse('<html><body style="display:none"><p>SEEN</p></body></html>')
    prune_hidden(tree)
    assert "SEEN" in tree.text_content()


def test_the_text_behind_a_hidden_element_stays() -> None:
    assert "tail" in visible("<span hidden>SECRET</span> tail")
