"""Whole pages that stand where an article should, and articles about the same things."""

from __future__ import annotations

import pytest

from service.articles.article import FetchedPage
from service.articles.extract import Extractor
from service.errors import TooLittleText

WALLS = {
    "sign-in of a network": (
        "Sign in • Fjordbook",
        "<h1>Welcome back</h1><p>Sign in to see what your friends in the fjord are up to, to write "
        "to them and to save their pictures in albums of your own for as long as you like.</p>"
        "<p>E-mail or phone</p><p>Password</p><p>Forgot your password?</p><p>New here? Sign up</p>",
    ),
    "consent in steps": (
        "Before you continue",
        "<h1>Before you continue to Fjordmail</h1><p>We use cookies and data to keep the service "
        "running and safe.</p><ul><li>Count how many people read their mail in the morning and how "
        "many in the evening, so that servers can rest in between</li><li>Find out which folders "
        "are never opened and may be made smaller in the next version</li></ul><p>If you choose to "
        "accept all, we will also use cookies and data to show offers that fit your letters.</p>",
    ),
    "list of cookies": (
        "The Lindport Courier",
        "<h2>This website uses cookies</h2><p>We use cookies to fit what you see to what you like "
        "and to measure our traffic, and our partners may add what they know of you.</p>"
        "<p>Necessary cookies make the pages work at all: without them you could not turn over.</p>"
        "<p>Statistics cookies help us to see which pages are read to the end and which not.</p>"
        "<p>Marketing cookies are there so that the same offer follows you from site to site.</p>",
    ),
    "paywall with a lead": (
        "Ferry company orders ships",
        "<article><h1>Ferry company orders ships</h1><p>The ferry company has ordered four ships."
        "</p><p>Subscribe to continue reading. For one crown a week you get unlimited access to "
        "everything that the Courier writes, and you may stop at any time.</p></article>",
    ),
    "script that did not run": (
        "Fjordbook",
        "<h1>JavaScript is not available.</h1><p>We have noticed that JavaScript is disabled in "
        "this browser. Please enable JavaScript or take another browser to go on with Fjordbook. "
        "A list of the browsers that work with it can be found in the help pages.</p>",
    ),
    "blocked by a shield": (
        "Attention required",
        "<h1>Sorry, you have been blocked</h1><p>You are unable to access lindport.example.</p><p>"
        "This site uses a security service to protect itself. What you have just done has set it "
        "off; a certain word, a command or bytes in a wrong place can be the reason for that.</p>"
        "<p>Write to the owner, say what you did, and add the Ray ID from the page's foot.</p>",
    ),
    "reader with a blocker": (
        "Ferry company orders ships",
        "<h1>Ferry company orders ships</h1><p>It looks as if you use an ad blocker. Please turn "
        "off your ad blocker for our site: advertising pays the people who go out in the rain for "
        "you to write about harbours, bridges and everything that happens between them.</p>",
    ),
    "closed for works": (
        "We will be back soon",
        "<h1>We'll be back soon!</h1><p>Sorry, we are performing some maintenance right now. Come "
        "back in an hour, when the shelves are dusted and the lamps have been changed. Until then "
        "you can reach us by telephone, by letter, or at the counter beside the fish market.</p>",
    ),
    "closed for some countries": (
        "451",
        "<h1>Unavailable for legal reasons</h1><p>You come from a country in which the rules on "
        "data are stricter than we can follow, and so access cannot be granted to you now. "
        "Write to the publisher if you think that this is a mistake, or call during the day.</p>",
    ),
    "error that answers 200": (
        "Error",
        "<h1>Something went wrong</h1><p>We are looking into it. Try again in a few minutes, or go "
        "back to the front page. If nothing helps, write to us with the number below, and we will "
        "search the logs for what you did before it happened and write back to you.</p>",
    ),
    "missing page full of news": (
        "The Lindport Courier",
        "<h1>Page not found</h1>"
        + "".join(
            f"<div><h3>Bridge {n}</h3><p>The bridge number {n} over the river was opened "
            "again on Monday after two years of works.</p></div>"
            for n in range(12)
        ),
    ),
    "front page": (
        "The Lindport Courier",
        "<h1>News</h1>"
        + "".join(
            f'<div><h3><a href="/{n}">Harbour bridge {n} opens again</a></h3></div>'
            for n in range(30)
        ),
    ),
    "domain for sale": (
        "lindport.example",
        "<h1>lindport.example</h1><p>This domain is for sale! The owner has put it on the market "
        "and the price can be talked about; the transfer takes a few days through a service that "
        "both sides trust, and it includes everything that has ever been linked to this name.</p>",
    ),
    "taken for a machine": (
        "Pardon Our Interruption",
        "<h1>Pardon Our Interruption...</h1><p>As you were browsing something about your browser "
        "made us think you were a bot. There are a few reasons why this might happen:</p><ul>"
        "<li>You turn pages faster than anybody who works at the harbour could read them.</li>"
        "<li>A plugin of your browser keeps our scripts from running as they should run.</li></ul>"
        "<p>Reload the page to get access again, or wait until the afternoon.</p>",
    ),
    "a machine's question": (
        "lindport.example",
        "<p>Please enable JS and disable any ad blocker</p><p>The page that you asked for will be "
        "shown as soon as that is done. People who read with a plugin that stops advertising can "
        "add this address to the list of sites which they trust, and load it anew.</p>",
    ),
    "tracking or money": (
        "Lindporter Zeitung",
        "<p>Lesen Sie die Lindporter Zeitung mit personalisierter Werbung, Werbetracking und "
        "Nutzungsanalyse, so wie es die meisten unserer Leserinnen und Leser seit Jahren tun.</p>"
        "<p>Oder nehmen Sie das Pur-Abo: auf allen Geräten, für wenige Kronen im Monat und zum "
        "Ende jedes Monats kündbar. Alle Seiten der Zeitung stehen Ihnen auch damit offen.</p>",
    ),
    "parked name": (
        "lindport.example",
        "<h1>lindport.example</h1><p>This domain is parked free of charge. The owner of this name "
        "has put nothing here yet, and what you see was made by the company with which the name is "
        "registered.</p><p>Related searches are harbours, bridges, ferries and houses.</p>",
    ),
    "gate for grown-ups": (
        "Fjord Brewery",
        "<p>You must be 18 years or older to enter this site.</p><p>We brew beer for grown-ups, "
        "and the law asks us to find out whether you are one before we show you the house, the "
        "kettles, the copper pipes and all that two sisters have made with them.</p>",
    ),
    "section of teasers": (
        "News | The Lindport Courier",
        "<h1>News</h1>"
        + "".join(
            f'<div><h3><a href="/{n}">Harbour bridge {n} opens</a></h3><p>The bridge number {n} '
            "over the river was opened again on Monday after two years of works.</p></div>"
            for n in range(12)
        ),
    ),
}
ARTICLES = {
    "Pardon our interruption, say the machines": (
        "“As you were browsing, something about your browser made us think you were a bot.” More "
        "and more people read this sentence in the morning, and they are no machines.",
        "A firm in Lindport has counted them: of a hundred visitors who were stopped, ninety had "
        "done no more than read with a plugin that disables advertising.",
    ),
    "Gericht verhandelt über das Pur-Abo": (
        "Wer nicht zahlt, liest mit personalisierter Werbung, Werbetracking und allem, was dazu "
        "gehört: So fasste die Richterin am Dienstag zusammen, worum es beim Pur-Abo geht.",
        "Der Verlag aus Lindport verteidigte sein Angebot. Ein Urteil soll im Mai fallen, und bis "
        "dahin bleibt auf der Seite alles, wie es ist.",
    ),
    "Town forgets to renew its domain": (
        "For two days the town's website showed that the domain is parked and for sale. Nobody in "
        "the town hall had paid the bill, which came to twelve crowns.",
        "“Get this domain, it said there, and somebody nearly did,” the mayor told the council.",
    ),
    "Brewers want to end the question of age": (
        "“You must be 18 years or older to enter this site”: brewers ask this because the law says "
        "so, and everybody says yes. The sisters who own the Fjord Brewery want to end it.",
        "They say that nobody was ever kept from their beer by a button, and the ministry agrees.",
    ),
    "News from the lighthouse": (
        "The lighthouse has a new lamp.",
        "It was lit on Monday by the keeper's daughter, who is six.",
        "The old one had burned for forty years and goes to the museum by the market.",
        "Ships will see the new one from a distance of twenty miles, the harbour says.",
        "A second lamp is to follow in spring.",
    ),
    "How consent banners work": (
        "Consent banners ask visitors whether a site may keep cookies on a device, and the law "
        "says how the question has to be put.",
        "A typical banner says: “We and our partners use cookies to personalise ads.” Few people "
        "know that this sentence was written by a committee.",
        "Researchers counted the buttons on ten thousand sites. On six of ten there was no button "
        "to refuse on the first page, although it is required.",
    ),
    "Why my blog needs no JavaScript": (
        "My blog works without JavaScript, and I would like to tell you why I think that this "
        "matters in a year in which every page is an app.",
        "A page that is only text loads in a fifth of a second over the train's network, and the "
        "search works with a form and a server, as it did when I was at school.",
        "Some things do need it: the map of my walks is one, and I have put it on another page.",
    ),
    "Forgotten passwords cost firms millions": (
        "Employees who forget their passwords cost firms millions a year, a survey has found. On "
        "average every person calls the help desk four times a year and cannot log in.",
        "The authors advise longer passwords that never expire. Whoever has to change a password "
        "every month writes it down, they say, and the note is under the keyboard.",
    ),
    "Ferry back in service": (
        "The ferry between Sandvik and the islands is back in service after a storm had damaged "
        "its ramp. The first boat leaves at six in the morning, the company said on Friday.",
        "Tickets that were bought for the days of the closure stay valid until the month's end.",
    ),
}


def page(title: str, body: str) -> FetchedPage:
    html = f'<html lang="en"><head><title>{title}</title></head><body>{body}</body></html>'
    return FetchedPage("https://lindport.example/x", html.encode(), "text/html")


@pytest.mark.parametrize("name", WALLS)
def test_a_wall_is_refused(extractor: Extractor, name: str) -> None:
    with pytest.raises(TooLittleText):
        extractor.extract(page(*WALLS[name]))


@pytest.mark.parametrize("title", ARTICLES)
def test_an_article_about_walls_is_read(extractor: Extractor, title: str) -> None:
    paragraphs = "".join(f"<p>{text}</p>" for text in ARTICLES[title])
    article = extractor.extract(page(title, f"<article><h1>{title}</h1>{paragraphs}</article>"))
    assert article.title == title
    assert len(article.text) > 200
