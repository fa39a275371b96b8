from __future__ import annotations

import pytest

from service.articles.article import Article
from service.tweets.grounding import Facts, facts_of, ungrounded


@pytest.fixture
def facts(article: Article) -> Facts:
    return facts_of(article)


def against(article: str, text: str) -> list[str]:
    """What of `text` the one sentence of `article` does not bear out."""
    facts = facts_of(Article(title="", text=article))
    return [claim.text for claim in ungrounded(text, facts)]


def claims(text: str, facts: Facts) -> list[tuple[str, str]]:
    return [(claim.kind, claim.text) for claim in ungrounded(text, facts)]


@pytest.mark.parametrize(
    "text",
    [
        "Ilse Brandvold opened it",
        "BRANDVOLD's bridge is open",
        "Mayor Brandvold opens the Norrhamn bridge",
        "Tomas Ferreira’s quiet bridge",
        "Trams of the NHT will cross",
        "The URU wanted more",
        "A very European bridge",
        "By Petra Quist",
        "Opened on March 3",
        "Opened 3/3/2024, on a Sunday of 2024".replace(", on a Sunday", ""),
        "The news of Monday",
        "Three thousand people came, 3000 of them",
        "$1,200,000 saved, 1.2 million dollars",
        "45 percent for cyclists",
        "Every 10 minutes, 7 years on, one bridge",
        "Follow @norrhamnport",
        "#Norrhamn #HarbourBridge #norrhamnport #bridges",
        "See https://www.norrhamn-port.com/",
        "Open 24/7",
        "Finally! Nobody believed it. Amazing",
        "What Happens When A City Builds The Quietest Bridge In Europe",
    ],
)
def test_what_the_article_says_in_any_form_is_grounded(text: str, facts: Facts) -> None:
    assert claims(text, facts) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The Bergen bridge is open", [("name", "Bergen")]),
        ("Kowalczyk opens the bridge", [("name", "Kowalczyk")]),
        ("Mayor Ilse Ferreira opens the bridge", [("name", "Mayor Ilse Ferreira")]),
        ("They say Petra Brandvold did it", [("name", "Petra Brandvold")]),
        ("It took 8 years", [("number", "8 years")]),
        ("It took nine years", [("number", "nine years")]),
        ("It cost 1.2%", [("number", "1.2%")]),
        ("It cost £1.2 million", [("number", "£1.2 million")]),
        ("About 3,000,000 came", [("number", "3,000,000")]),
        ("Opened on 4 April", [("date", "4 April")]),
        ("It opened last Friday", [("date", "Friday")]),
        ("Thanks @everyone", [("handle", "@everyone")]),
        ("Open #oslo", [("hashtag", "#oslo")]),
        ("Buy $EVIL or $evil, not $NHT", [("hashtag", "$EVIL"), ("hashtag", "$evil")]),
        ("See http://evil.example/x now", [("link", "http://evil.example/x")]),
        ("See evil.com now", [("link", "evil.com")]),
        (
            "You Will Never Guess What Donatella Marchesini Thinks About The Bridge",
            [("name", "Donatella Marchesini")],
        ),
    ],
)
def test_what_the_article_does_not_say_is_found(
    text: str, found: list[tuple[str, str]], facts: Facts
) -> None:
    assert claims(text, facts) == found


def test_claims_come_in_the_order_of_the_text(facts: Facts) -> None:
    text = "Bergen paid 99 to @someone on 4 May"
    assert [kind for kind, _ in claims(text, facts)] == ["name", "number", "handle", "date"]


def test_the_tweets_own_link_needs_no_ground(facts: Facts) -> None:
    link = "https://news.example.com/2031/a"
    assert ungrounded(f"Open {link}", facts, link) == ()


def test_another_script_is_read_for_its_numbers() -> None:
    facts = facts_of(Article(title="", text="ノルハムンで新しい橋が 2024 年に開通した。"))
    assert ungrounded("橋が 2024 年に開通", facts) == ()
    assert [c.kind for c in ungrounded("橋が 1999 年に開通", facts)] == ["number"]


def test_cyrillic_names_are_compared_in_any_case() -> None:
    facts = facts_of(Article(title="", text="Мэр Анна Ковалёва открыла мост."))
    assert ungrounded("Мост открыла АННА Ковалева", facts) == ()
    assert [c.text for c in ungrounded("Мост открыла Мария", facts)] == ["Мария"]


def test_accents_are_compared_however_they_are_written() -> None:
    facts = facts_of(Article(title="", text="Tickets for Caf\u0065\u0301 Norrhamn are sold out."))
    assert ungrounded("Tickets for Caf\u00e9 Norrhamn", facts) == ()


def test_an_article_without_words_bears_nothing_out() -> None:
    facts = facts_of(Article(title="", text=""))
    assert [c.kind for c in ungrounded("In Bergen 3 of @us", facts)] == [
        "name",
        "number",
        "handle",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Ahmed",
        "Beijing",
        "Italy",
        "Florence",
        "Emily",
        "O'Neill",
        "L'Oréal",
        "Kiel-based",
        "Ann'll",
    ],
)
def test_names_that_look_like_everyday_words_are_looked_up(name: str) -> None:
    assert against("Smith met a man in a small town.", f"Smith met {name}.") == [name]
    assert against(f"Smith met {name} in town.", f"Smith met {name}.") == []


def test_everyday_words_need_no_ground_where_everything_has_a_capital() -> None:
    text = "HORRIFYING: “Frightening, isn't it?” They've Instantly Regretted It"
    assert against("A man in a small town.", text) == []


@pytest.mark.parametrize(
    ("article", "text"),
    [
        ("$1.2 million", "$1.2M"),
        ("3,000", "3K"),
        ("10 a.m.", "10AM"),
        ("40 degrees", "40°C"),
        ("2 million cars", "2M cars"),
        ("10km", "10 kilometres"),
        ("aged 7", "7-year-old"),
        ("$165,000", "165k"),
        ("A$5 million", "$5 million"),
        ("$5m", "5 million USD"),
        ("5% to 10%", "5-10%"),
        ("the 2019-20 season", "2019-2020"),
    ],
)
def test_a_number_in_another_form_is_the_same(article: str, text: str) -> None:
    assert against(f"It was {article} there.", f"It had {text}.") == []


@pytest.mark.parametrize(
    ("article", "text"),
    [
        ("$3.5m", "$3.5bn"),
        ("$5 a month", "$5bn"),
        ("20 people", "20k"),
        ("5m", "5k"),
        ("10km", "12km"),
        ("5pm", "6pm"),
        ("8 a.m.", "8 p.m."),
        ("10km", "10 miles"),
        ("8 years", "8 months"),
        ("40°C", "40°F"),
        ("$50", "50 rubles"),
        ("$5 million", "A$5 million"),
        ("1990", "1990s"),
        ("$99 million", "$101 million"),
    ],
)
def test_another_scale_or_unit_is_another_number(article: str, text: str) -> None:
    assert against(f"It was {article} there.", f"It had {text}") == [text]


def test_a_percentage_bears_out_no_count() -> None:
    assert against("It was 50% there.", "It had 50 people") == ["50"]


def test_figures_of_speech_need_no_ground() -> None:
    assert against("The school opened.", "School 101: one day it is open 24/7") == []


@pytest.mark.parametrize(
    ("article", "text"),
    [
        ("Britain", "British"),
        ("France", "French"),
        ("the Netherlands", "Dutch"),
        ("Wales", "Welsh"),
        ("Swiss", "Switzerland"),
        ("Israel", "Israelis"),
        ("the Philippines", "Filipino"),
        ("Canadians", "Canada"),
        ("Saint Ann", "St Ann"),
    ],
)
def test_a_country_bears_out_its_people(article: str, text: str) -> None:
    assert against(f"They came from {article} today.", f"They met {text} there.") == []


@pytest.mark.parametrize(
    ("article", "text"), [("Victor", "Victoria"), ("Robert", "Roberta"), ("George", "Georgia")]
)
def test_a_name_bears_out_no_longer_one(article: str, text: str) -> None:
    assert against(f"They met {article} today.", f"They met {text} there.") == [text]


@pytest.mark.parametrize(
    ("article", "text"),
    [
        ("FiveThirtyEight.com asked", "They asked FiveThirtyEight"),
        ("He left.Brandvold came", "See Brandvold"),
        ("Russia met. Then Orlov came", "It was Russia's Orlov"),
        ("Orlov came", "They met Mr Orlov, Dr. Orlov and Sen Orlov Jr."),
        ("Orlov came in mid July", "An anti-Orlov and Orlov-era crowd in mid-July. First-ever"),
        ("J. K. Orlov came", "They met J.K. Orlov and JK Orlov"),
        ("J.K. Orlov came", "They met J. K. Orlov"),
        ("Ann Orlov came", "They met Ann F. Orlov"),
        ("The F16 of the G7", "See the F-16 of the G-7"),
        ("The F-16 of the G-7", "See the F16 of the G7"),
        ("The United States left", "They left the US and the U.S. today"),
        ("American ships left", "It is the US again"),
        ("The US left", "It is America again"),
    ],
)
def test_a_name_in_another_form_is_the_same(article: str, text: str) -> None:
    assert against(f"{article} today.", text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("He left.Orlov came", "Orlov"),
        ("They told us the US did it", "US"),
        ("Nobody who came is at the WHO", "WHO"),
        ("They flew the F-35 home", "F-35"),
        ("A pro-Orlov crowd", "pro-Orlov"),
    ],
)
def test_a_name_that_hides_is_found(text: str, found: str) -> None:
    assert against("They told us who came, 35 of them, in an F-16.", text) == [found]


def test_an_owner_in_a_headline_is_a_name() -> None:
    text = "What Happens Next At Orlov's Strange And Quiet Party"
    assert against("What happens at a party.", text) == ["Orlov's"]
    assert against("What happens at a party.", text.replace("Orlov", "Girlfriend")) == []


def test_a_shouted_text_names_no_institutions() -> None:
    assert against("They told us who came.", "THEY TOLD US WHO CAME") == []


@pytest.mark.parametrize(
    ("article", "text"),
    [
        ("South Korea", "North Korea"),
        ("Melinda Gates", "Bill Gates"),
        ("Stephen Fry", "Stephen King"),
        ("Donnie Wahlberg", "Mark Wahlberg"),
        ("Mexico", "New Mexico"),
    ],
)
def test_an_everyday_word_is_part_of_a_name_where_the_article_has_it(
    article: str, text: str
) -> None:
    assert against(f"They saw {article} today.", f"They saw {text}") == [text]
    assert against(f"They saw {text} today.", f"They saw {text}") == []


@pytest.mark.parametrize(
    "text", ["They met President Orlov", "Legendary Orlov wins", "Great Orlov", "See the US Navy"]
)
def test_what_stands_before_any_name_is_no_part_of_it(text: str) -> None:
    assert against("Orlov has won; the US cheers, and so does the navy.", text) == []


@pytest.mark.parametrize("tag", ["#heated", "#theman"])
def test_a_hashtag_is_made_of_whole_words(tag: str) -> None:
    assert against("They heat educated people; the manager left.", tag) == [tag]


def test_a_hashtag_may_join_words() -> None:
    assert against("They heat educated people.", "#heateducatedpeople #heateducated") == []
