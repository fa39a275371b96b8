"""The tab *Review* in a real browser: over real drafts, by keyboard alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import PATIENCE_MS, opened
from tests.e2e.serving import LOOPBACK, Service, command, environment

pytestmark = pytest.mark.timeout(300)
ACCOUNTS = '[bot]\nusername = "bot_on_x"\n[bot.oauth2]\naccess_token = "very-secret"\n'
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
FERRY = {
    "text": "The island ferry leaves an hour later from Monday on.",
    "model": "newsroom",
    "source": "https://news.example/ferry",
    "article_title": "New timetable for the island ferry",
    "article_text": "From Monday on the ferry to the island leaves at nine. " * 60,
    "flags": ["ungrounded"],
    "overlap": {"words": 9, "share": 0.6},
}
_seeds = count(1)


@dataclass(slots=True)
class Drafts:
    """The drafts of the module's service, filled and looked at from outside the browser."""

    service: Service
    settings: Mapping[str, object]

    def fill(self, folder: Path, *rows: Mapping[str, object]) -> list[int]:
        """Import candidates by the command, each as new; put away what earlier tests left."""
        for draft in self._find("candidate", "kept", "edited", "scheduled"):
            self.change(draft["id"], "discard")
        file = folder / "candidates.jsonl"
        file.write_text("".join(json.dumps({**row, "seed": next(_seeds)}) + "\n" for row in rows))
        run = command("drafts", "import", str(file))
        subprocess.run(run, check=True, env=environment(self.settings), timeout=60)
        return [draft["id"] for draft in self._find("candidate")]

    def _find(self, *states: str) -> list[dict[str, Any]]:
        answer = self.service.get("/drafts", params={"state": states, "limit": 200}).json()
        return list(answer["drafts"])

    def get(self, draft_id: int) -> dict[str, Any]:
        return dict(self.service.get(f"/drafts/{draft_id}").json())

    def states(self, ids: list[int]) -> list[str]:
        return [str(self.get(draft_id)["state"]) for draft_id in ids]

    def change(self, draft_id: int, action: str, **body: object) -> None:
        etag = self.service.get(f"/drafts/{draft_id}").headers["ETag"]
        path = f"/drafts/{draft_id}/{action}"
        self.service.post(path, json=body, headers={"If-Match": etag}).raise_for_status()


@pytest.fixture(scope="module")
def drafts(
    start_fake: Callable[[Mapping[str, object]], AbstractContextManager[Service]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Drafts]:
    folder = tmp_path_factory.mktemp("drafts")
    accounts = folder / "accounts.toml"
    accounts.write_text(ACCOUNTS)
    accounts.chmod(0o600)
    settings = {
        "DOC2TWEET_DRAFTS_SERVE": "true",
        "DOC2TWEET_DRAFTS_DATABASE_URL": f"sqlite:///{folder}/drafts.db",
        "DOC2TWEET_POSTING_ACCOUNTS_FILE": accounts,
    }
    with start_fake({**LOOPBACK, **settings}) as service:
        yield Drafts(service, settings)


@pytest.fixture
def three(drafts: Drafts, tmp_path: Path) -> list[int]:
    return drafts.fill(tmp_path, *({"text": f"Tweet {name}"} for name in ("one", "two", "three")))


@pytest.fixture
def page(browser: Browser, drafts: Drafts) -> Iterator[Page]:
    with opened(browser, drafts.service.url) as tab:
        expect(tab.get_by_role("tab", name="Review")).to_be_visible()
        yield tab


def review(page: Page) -> None:
    """To the tab and into its panel, by keyboard."""
    page.get_by_role("tab", name="Tweet").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#review-status")).not_to_be_empty()


def says(page: Page, text: str) -> None:
    expect(page.locator("#review-status")).to_contain_text(text, timeout=PATIENCE_MS)


def shows(page: Page, text: str) -> None:
    expect(page.locator("#draft-text")).to_have_text(text, timeout=PATIENCE_MS)


def warns(page: Page, text: str) -> None:
    expect(page.locator("#review-problem")).to_contain_text(text, timeout=PATIENCE_MS)


def rewrite(page: Page, text: str) -> None:
    page.keyboard.press("e")
    expect(page.locator("#edit-text")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_drafts_are_chosen_by_keyboard_alone(page: Page, drafts: Drafts, three: list[int]) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    shows(page, "Tweet one")
    page.keyboard.press("k")
    says(page, "Now kept. Draft 2 of 3.")
    expect(page.locator("#draft")).to_be_focused()
    page.keyboard.press("d")
    says(page, "Now discarded. Draft 3 of 3.")
    rewrite(page, "Tweet three, by hand")
    page.keyboard.press("Control+Enter")
    shows(page, "Tweet three, by hand")
    page.keyboard.press("j")
    says(page, "No more drafts here.")
    assert drafts.states(three) == ["kept", "discarded", "edited"]


def test_undo_goes_back_over_several_drafts(page: Page, drafts: Drafts, three: list[int]) -> None:
    review(page)
    page.keyboard.press("k")
    says(page, "2 of 3")
    page.keyboard.press("d")
    says(page, "3 of 3")
    page.keyboard.press("u")
    says(page, "Undone: to review again. Draft 2 of 3.")
    shows(page, "Tweet two")
    page.keyboard.press("u")
    shows(page, "Tweet one")
    assert drafts.states(three) == ["candidate"] * 3


def test_looking_around_changes_nothing(page: Page, drafts: Drafts, three: list[int]) -> None:
    review(page)
    shows(page, "Tweet one")
    page.locator("#draft").focus()
    for key, text in [("ArrowRight", "two"), ("j", "three"), ("ArrowLeft", "two")]:
        page.keyboard.press(key)
        shows(page, f"Tweet {text}")
    assert drafts.states(three) == ["candidate"] * 3


def test_the_buttons_do_the_same(page: Page, drafts: Drafts, three: list[int]) -> None:
    page.get_by_role("tab", name="Review").click()
    shows(page, "Tweet one")
    page.get_by_role("button", name="Keep k").click()
    says(page, "2 of 3")
    page.get_by_role("button", name="Discard").click()
    says(page, "3 of 3")
    page.get_by_role("button", name="Undo").click()
    shows(page, "Tweet two")
    assert drafts.states(three) == ["kept", "candidate", "candidate"]


def test_keys_rest_while_somebody_types(page: Page, drafts: Drafts, three: list[int]) -> None:
    review(page)
    shows(page, "Tweet one")
    rewrite(page, "")
    page.keyboard.type("kdusxj")
    expect(page.locator("#edit-text")).to_have_value("kdusxj")
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("k")
    says(page, "Save or cancel first.")
    page.keyboard.press("Escape")
    expect(page.locator("#edit-form")).to_be_hidden()
    assert drafts.states(three) == ["candidate"] * 3


def test_article_and_overlap_stand_beside_it(page: Page, drafts: Drafts, tmp_path: Path) -> None:
    drafts.fill(tmp_path, FERRY, {"text": "From nowhere"})
    review(page)
    shows(page, str(FERRY["text"]))
    beside = page.locator("#draft-source")
    expect(beside).to_contain_text("leaves at nine")
    title = beside.get_by_role("link", name="New timetable for the island ferry")
    expect(title).to_have_attribute("href", "https://news.example/ferry")
    shared = "shares 9 words in a row with a training tweet, 60 % of its text"
    expect(page.locator("#draft-overlap")).to_have_text(shared)
    expect(page.locator("#draft")).to_contain_text("says something that the article does not")
    page.keyboard.press("j")
    expect(page.locator("#draft-overlap")).to_have_text("not compared with the training tweets")


def test_a_real_tweet_cannot_be_kept_as_generated(
    page: Page, drafts: Drafts, tmp_path: Path
) -> None:
    copied = {**FERRY, "flags": ["memorised"], "overlap": {"words": 10, "share": 1}}
    [copy] = drafts.fill(tmp_path, copied)
    review(page)
    expect(page.locator("#draft")).to_contain_text("a copy of a training tweet")
    page.keyboard.press("k")
    warns(page, "edit it first")
    assert drafts.states([copy]) == ["candidate"]
    rewrite(page, "Sleep longer: the ferry waits until ten.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#draft-state")).to_have_text("edited")
    assert drafts.states([copy]) == ["edited"]


def test_of_two_reviewers_the_second_sees_what_the_first_did(
    page: Page, browser: Browser, drafts: Drafts, three: list[int]
) -> None:
    review(page)
    shows(page, "Tweet one")
    with opened(browser, drafts.service.url + "#review") as other:
        shows(other, "Tweet one")
        page.keyboard.press("k")
        says(page, "2 of 3")
        other.keyboard.press("d")
        warns(other, "Somebody else changed this draft")
        expect(other.locator("#draft-state")).to_have_text("kept")
        assert drafts.states(three[:1]) == ["kept"]
        other.keyboard.press("d")
        says(other, "2 of 3")
    assert drafts.states(three[:1]) == ["discarded"]


def test_what_somebody_typed_outlives_anothers_change(
    page: Page, drafts: Drafts, three: list[int]
) -> None:
    review(page)
    shows(page, "Tweet one")
    rewrite(page, "Mine")
    drafts.change(three[0], "edit", text="Theirs")
    page.keyboard.press("Control+Enter")
    warns(page, "What you wrote is still below")
    shows(page, "Theirs")
    expect(page.locator("#edit-text")).to_have_value("Mine")
    page.keyboard.press("Control+Enter")
    shows(page, "Mine")
    assert drafts.get(three[0])["text"] == "Mine"


def test_what_others_decided_is_passed_over(page: Page, drafts: Drafts, three: list[int]) -> None:
    review(page)
    shows(page, "Tweet one")
    drafts.change(three[1], "discard")
    page.keyboard.press("k")
    shows(page, "Tweet three")


def test_a_kept_draft_is_scheduled(page: Page, drafts: Drafts, three: list[int]) -> None:
    drafts.change(three[1], "keep")
    review(page)
    shows(page, "Tweet one")
    page.locator("#review-state").focus()
    page.keyboard.type("Kept")
    shows(page, "Tweet two")
    page.locator("#draft").focus()
    page.keyboard.press("s")
    expect(page.locator("#schedule-account")).to_be_focused()
    page.fill("#schedule-at", "2031-05-04T12:00")
    page.keyboard.press("Control+Enter")
    says(page, "Scheduled for May 4, 2031")
    draft = drafts.get(three[1])
    assert (draft["state"], draft["account"]) == ("scheduled", "bot")


def test_markup_in_a_draft_stays_text(page: Page, drafts: Drafts, tmp_path: Path) -> None:
    members = ("text", "model", "prompt", "source", "article_title", "article_text")
    evil = {name: f"{name} {EVIL}" for name in members}
    drafts.fill(tmp_path, {**evil, "flags": [EVIL]}, {**evil, "source": "javascript:hack()"})
    review(page)
    for place in (1, 2):
        says(page, f"Draft {place} of 2.")
        shows(page, f"text {EVIL}")
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img, main script, #draft-source a").count() == 0
        page.keyboard.press("j")
    says(page, "No more drafts here.")


@pytest.mark.parametrize(
    "text", ["Rain 🌧 in 日本", "👨‍👩‍👧 at https://example.com/" + "b" * 40 + " – “so”", "é" * 300]
)
def test_the_reckoned_length_is_the_counted_one(
    page: Page, drafts: Drafts, three: list[int], text: str
) -> None:
    review(page)
    shows(page, "Tweet one")
    rewrite(page, text)
    reckoned = page.locator("#edit-count").text_content()
    page.keyboard.press("Control+Enter")
    shows(page, text)
    counted = drafts.get(three[0])["length"]
    shown = page.locator("#draft .counter").text_content()
    assert (shown, reckoned) == (f"{counted}/280", f"about {counted}/280")


def seed_of_a_text(service: Service) -> int:
    """A model without weights writes any bytes, and no database takes U+0000."""

    def text(seed: int) -> str:
        answer = service.post("/generate", json={"prompt": "My dream is", "seed": seed})
        return str(answer.json()["choices"][0]["text"])

    return next(seed for seed in count(1) if "\0" not in text(seed))


def test_what_the_page_wrote_can_be_kept_as_a_draft(
    page: Page, drafts: Drafts, tmp_path: Path
) -> None:
    drafts.fill(tmp_path)
    page.get_by_role("tab", name="Prompt").click()
    page.fill("#prompt", "My dream is")
    page.get_by_text("Model and sampling").locator("visible=true").click()
    page.fill("#generate-seed", str(seed_of_a_text(drafts.service)))
    page.fill("#generate-n", "1")
    page.get_by_role("button", name="Go on writing").click()
    page.get_by_role("button", name="Keep as draft").click()
    expect(page.get_by_role("button", name="Added to the drafts")).to_be_visible()
    page.get_by_role("tab", name="Review").click()
    expect(page.locator("#draft-text")).to_contain_text("My dream is")
    expect(page.locator("#draft-overlap")).to_have_text("shares nothing with the training tweets")


def test_where_no_drafts_are_served_nothing_speaks_of_them(
    browser: Browser, quick: Service
) -> None:
    with opened(browser, quick.url) as page:
        expect(page.locator("#generate-model option")).to_have_count(3)
        page.get_by_role("tab", name="Prompt").click()
        page.fill("#prompt", "My dream is")
        page.get_by_role("button", name="Go on writing").click()
        expect(page.locator("#prompt-status")).to_contain_text("tokens by", timeout=PATIENCE_MS)
        expect(page.get_by_role("tab", name="Review")).to_be_hidden()
        assert page.get_by_role("button", name="Keep as draft").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_a_reviewers_way(
    page: Page, drafts: Drafts, tmp_path: Path, scheme: str
) -> None:
    drafts.fill(tmp_path, FERRY)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    review(page)
    shows(page, str(FERRY["text"]))
    for key, form in [("", "#draft"), ("e", "#edit-form"), ("s", "#schedule-form")]:
        if key:
            page.keyboard.press(key)
        expect(page.locator(form)).to_be_visible()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.keyboard.press("Escape")


def test_a_phone_shows_all_of_a_draft(page: Page, drafts: Drafts, tmp_path: Path) -> None:
    drafts.fill(tmp_path, {**FERRY, "text": "w" * 270})
    page.set_viewport_size({"width": 340, "height": 700})
    review(page)
    shows(page, "w" * 270)
    assert page.evaluate("document.documentElement.scrollWidth") <= 340
