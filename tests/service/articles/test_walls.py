"""Notices in many languages are found; sentences about the same things are not."""

from __future__ import annotations

import pytest

from service.articles.reading.walls import is_error_title, split_notices

CONSENT, LOGIN = "asks for consent", "asks to log in or subscribe"
SCRIPT, HUMAN, MISSING = "needs JavaScript", "asks for a human", "says that there is no such page"

NOTICES = [
    (CONSENT, "We use cookies to improve your experience on our site."),
    (CONSENT, "We and our 1,024 partners store and access information on a device."),
    (CONSENT, "We and our 842 partners process personal data."),
    (CONSENT, "This website uses cookies."),
    (CONSENT, "By continuing to browse you agree to our use of cookies."),
    (CONSENT, "We value your privacy"),
    (CONSENT, "Before you continue to the site"),
    (CONSENT, "Wir und unsere 300 Partner nutzen Cookies und ähnliche Technologien."),
    (CONSENT, "Wir verwenden Cookies, um Inhalte zu personalisieren."),
    (CONSENT, "Alle Cookies akzeptieren"),
    (CONSENT, "Nous et nos partenaires utilisons des cookies pour mesurer l'audience."),
    (CONSENT, "Tout accepter"),
    (CONSENT, "Utilizamos cookies propias y de terceros para mejorar nuestros servicios."),
    (CONSENT, "Questo sito utilizza cookie tecnici e di profilazione."),
    (CONSENT, "Usamos cookies para melhorar a sua experiência."),
    (CONSENT, "Wij gebruiken cookies om deze site te verbeteren."),
    (CONSENT, "Używamy plików cookies w celu świadczenia usług."),
    (CONSENT, "Мы используем файлы cookie, чтобы сделать сайт удобнее."),
    (CONSENT, "当サイトはクッキーを使用しています。"),
    (CONSENT, "我们使用 Cookie 来改善您的体验。"),
    (CONSENT, "이 사이트는 쿠키를 사용합니다."),
    (LOGIN, "Sign in to continue"),
    (LOGIN, "Please log in to read this story."),
    (LOGIN, "Subscribe now to unlock this article."),
    (LOGIN, "This article is for subscribers only."),
    (LOGIN, "Already a subscriber? Log in."),
    (LOGIN, "Forgot your password?"),
    (LOGIN, "You have reached your limit of free articles."),
    (LOGIN, "Bitte anmelden, um weiterzulesen."),
    (LOGIN, "Connectez-vous pour lire la suite."),
    (LOGIN, "Inicia sesión para seguir leyendo"),
    (LOGIN, "Sei già abbonato? Accedi per leggere."),
    (LOGIN, "Faça login para continuar lendo."),
    (LOGIN, "Войдите, чтобы продолжить чтение."),
    (LOGIN, "続きを読むには会員登録が必要です。"),
    (LOGIN, "请登录后阅读全文"),
    (LOGIN, "로그인이 필요합니다."),
    (SCRIPT, "Please enable JavaScript to view this page."),
    (SCRIPT, "You need to enable JavaScript to run this app."),
    (SCRIPT, "JavaScript is disabled in your browser."),
    (SCRIPT, "This site requires JavaScript."),
    (SCRIPT, "Bitte aktivieren Sie JavaScript in Ihrem Browser."),
    (SCRIPT, "Veuillez activer JavaScript pour continuer."),
    (SCRIPT, "Для работы сайта включите JavaScript."),
    (SCRIPT, "JavaScriptを有効にしてください。"),
    (SCRIPT, "请启用 JavaScript 后继续"),
    (HUMAN, "Checking your browser before accessing site.example."),
    (HUMAN, "Verify you are human by completing the action below."),
    (HUMAN, "Our systems have detected unusual traffic from your computer network."),
    (HUMAN, "Access denied"),
    (HUMAN, "Just a moment..."),
    (HUMAN, "Подтвердите, что вы не робот"),
    (MISSING, "The page you are looking for could not be found."),
    (MISSING, "Sorry, this page doesn't exist."),
    (MISSING, "This page has been removed or the link is broken."),
    (MISSING, "Die gewünschte Seite wurde nicht gefunden."),
    (MISSING, "La page demandée n'existe plus."),
    (MISSING, "La página que busca no existe."),
    (MISSING, "La pagina richiesta non esiste."),
    (MISSING, "Ta strona nie istnieje."),
    (MISSING, "Страница не найдена или была удалена."),
    (MISSING, "お探しのページは見つかりませんでした。"),
    (MISSING, "您访问的页面不存在"),
]

ARTICLES = [
    "Most browsers now block cookies of third parties, the report says.",
    "Die Mitglieder gaben ihre Zustimmung zu dem neuen Vertrag.",
    "Der Verband nutzt die Daten seiner Wetterstationen seit Jahren.",
    "Les élus ont voté pour refuser les nouvelles éoliennes.",
    "She agreed to accept all the conditions of the council.",
    "He forgot the way to the harbour and asked a fisherman.",
    "Just a moment later the lights went out in the whole street.",
    "The museum asks its members to bring a friend in May.",
    "The story was moved to the second page of the paper.",
    "Guards denied him access to the building twice.",
    "The paper has lost a third of its subscribers in ten years.",
    "Robots will check the pipes, and no human needs to go down.",
    "The app was written in JavaScript and later in Rust.",
    "Пароль от сейфа знали только двое.",
    "ページをめくる音だけが聞こえた。",
]


@pytest.mark.parametrize(("kind", "line"), NOTICES)
def test_a_notice_is_found(kind: str, line: str) -> None:
    assert split_notices(f"One.\n{line}\nTwo.") == ("One.\nTwo.", [kind])


@pytest.mark.parametrize("line", ARTICLES)
def test_an_articles_sentence_is_left(line: str) -> None:
    assert split_notices(line) == (line, [])


def test_a_long_text_about_javascript_keeps_its_advice() -> None:
    advice = "You need to enable JavaScript to run this app."
    article = "\n".join(["A paragraph about single pages and how they are rendered. " * 3] * 10)
    assert split_notices(f"{article}\n{advice}") == (f"{article}\n{advice}", [])


def test_a_long_text_loses_only_what_the_site_puts_between() -> None:
    article = "\n".join(["A paragraph about a village and its bakery on the hill. " * 3] * 10)
    text = f"{article}\nAlready a subscriber? Sign in to continue.\nWe use cookies."
    assert split_notices(text) == (article, [LOGIN, CONSENT])


@pytest.mark.parametrize(
    "title",
    [
        *("404", "Page not found", "404 - Page Not Found", "Error 404: Page not found!", "Oops!"),
        *("Not Found", "Seite nicht gefunden", "Erreur 404", "Página no encontrada", "410"),
        *("Страница не найдена", "ページが見つかりません", "页面不存在", "404 Not Found"),
    ],
)
def test_an_errors_name_is_no_title(title: str) -> None:
    assert is_error_title(title)


@pytest.mark.parametrize(
    "title",
    [
        "404 Not Found: the history of an error",
        "Page not found in lost manuscript",
        "",
        "Route 404 opens",
    ],
)
def test_a_title_that_mentions_an_error_stays(title: str) -> None:
    assert not is_error_title(title)
