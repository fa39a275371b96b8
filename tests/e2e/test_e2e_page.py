"""The page at `/` in a real browser, over the real service and the real model."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import PATIENCE_MS, opened
from tests.e2e.serving import Service, Site

pytestmark = pytest.mark.timeout(300)
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
STORY = (
    "The library of Northport will lend musical instruments from June. Readers may keep a violin "
    "or a flute for eight weeks. The city pays 12,000 crowns a year for repairs. "
)


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    with opened(browser, service.url) as tab:
        expect(tab.locator("#tweet-model option")).to_have_count(2)
        yield tab


def write(page: Page, source: str, title: str = "") -> None:
    page.fill("#source", source)
    if title:
        page.fill("#title", title)
    page.get_by_text("Voice and sampling").click()
    page.fill("#tweet-n", "2")
    page.fill("#tweet-seed", "5")
    page.get_by_role("button", name="Write tweets").click()


def finished(page: Page) -> None:
    expect(page.locator("#tweet-status")).to_contain_text("seed 5", timeout=PATIENCE_MS)


def test_an_article_becomes_tweets(page: Page, pages: Site) -> None:
    write(page, f"{pages.url}/article.html")
    finished(page)
    expect(page.locator("#tweets .card")).to_have_count(2)
    expect(page.locator("#article")).to_contain_text("Harbour bridge reopens")
    card = page.locator("#tweets .card").first
    expect(card.locator(".counter")).to_contain_text("/280")
    link = card.get_by_role("link", name="Open in X").get_attribute("href")
    assert link is not None
    assert link.startswith("https://x.com/intent/post?text=")


def test_the_curl_command_does_the_same(page: Page, pages: Site) -> None:
    write(page, f"{pages.url}/article.html")
    finished(page)
    command = page.locator("#panel-tweet .curl pre").text_content()
    assert command is not None
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    first = page.locator("#tweets .card .text").first.text_content()
    assert first is not None
    assert first.split("\n")[0] in done.stdout


def test_an_error_says_what_to_do(page: Page) -> None:
    write(page, "http://10.0.0.1/")
    alert = page.get_by_role("alert").filter(has_text="may not be fetched")
    expect(alert).to_be_visible(timeout=PATIENCE_MS)
    expect(alert).to_contain_text("Paste the article's text above")
    expect(page.get_by_role("button", name="Write tweets")).to_be_enabled()


@pytest.mark.parametrize(
    ("tab", "button", "field"),
    [
        ("Tweet", "Write tweets", "#source"),
        ("Prompt", "Go on writing", "#prompt"),
        ("Chat", "Send", "#message"),
    ],
)
def test_an_empty_form_says_what_is_missing(page: Page, tab: str, button: str, field: str) -> None:
    page.get_by_role("tab", name=tab).click()
    page.get_by_role("button", name=button).click()
    alert = page.get_by_role("alert").locator("visible=true")
    expect(alert).to_contain_text("There is nothing to send yet")
    expect(page.locator(field)).to_be_focused()


def test_a_text_that_was_cut_off_says_so_and_can_be_longer(page: Page) -> None:
    page.get_by_role("tab", name="Prompt").click()
    page.fill("#prompt", "Once upon a time")
    page.get_by_text("Model and sampling").locator("visible=true").click()
    page.fill("#generate-n", "1")
    page.fill("#generate-max_tokens", "3")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#completions .flag")).to_contain_text("Most tokens", timeout=PATIENCE_MS)
    expect(page.locator("#prompt-status")).to_contain_text("3 tokens by")


def test_markup_in_title_and_text_stays_text(page: Page) -> None:
    write(page, f"{STORY}{EVIL} {STORY}", title=f"Library {EVIL}")
    finished(page)
    expect(page.locator("#article h2")).to_contain_text("<img src=x")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script").count() == 0


def test_it_works_by_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel-prompt")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("My dream is")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#prompt-status")).to_contain_text("tokens by", timeout=PATIENCE_MS)
    expect(page.locator("#completions .card")).to_have_count(3)


def test_a_conversation_goes_on_and_begins_again(page: Page) -> None:
    page.get_by_role("tab", name="Chat").click()
    page.fill("#message", "Say hello.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#chat-status")).to_contain_text("tokens by", timeout=PATIENCE_MS)
    assert page.locator("#turns .assistant .text").text_content()
    page.get_by_role("button", name="Start again").click()
    expect(page.locator("#turns li")).to_have_count(0)


def test_stopping_keeps_the_page_usable(page: Page) -> None:
    page.get_by_role("tab", name="Prompt").click()
    page.fill("#prompt", "Once upon a time")
    page.get_by_role("button", name="Go on writing").click()
    page.locator("#panel-prompt .stop").click()
    expect(page.locator("#prompt-status")).to_have_text("Stopped.")
    expect(page.get_by_role("button", name="Go on writing")).to_be_enabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(page: Page, pages: Site, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    write(page, f"{pages.url}/article.html")
    finished(page)
    for tab in ("Tweet", "Prompt", "Chat"):
        page.get_by_role("tab", name=tab).click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_a_phone_need_not_scroll_sideways(page: Page, pages: Site) -> None:
    page.set_viewport_size({"width": 340, "height": 700})
    write(page, f"{pages.url}/article.html")
    finished(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 340
