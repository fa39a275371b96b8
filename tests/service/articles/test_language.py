"""A text's own language, whatever its page declares."""

from __future__ import annotations

import pytest

from service.articles.language import detect_language

TEXTS = {
    "en": "The old bridge was opened again on Monday, and it is the first of three to follow.",
    "de": "Die alte Brücke ist am Montag wieder geöffnet worden, und es werden noch zwei folgen.",
    "fr": "Le vieux pont est de nouveau ouvert depuis lundi, et ce sont les élèves qui passent.",
    "es": "El puente viejo se abrió de nuevo el lunes y es el primero de los tres que se reparan.",
    "it": "Il vecchio ponte è stato riaperto lunedì ed è il primo dei tre che sono in programma.",
    "pt": "A ponte velha foi reaberta na segunda-feira e não é a única que os engenheiros viram.",
    "nl": "De oude brug is maandag weer geopend en het is de eerste van de drie die er zijn.",
    "sv": "Den gamla bron öppnades igen på måndagen och det är den första av de tre som ska lagas.",
    "pl": "Stary most został otwarty w poniedziałek i jest to jeden z trzech, które się buduje.",
    "tr": "Eski köprü pazartesi günü yeniden açıldı ve bu, onarılacak olan üç köprü için bir ilk.",
    "ru": "Старый мост открыли в понедельник, и это первый из трёх мостов, которые не чинили.",
    "uk": "Старий міст відкрили у понеділок, і це перший з трьох мостів, які були не в порядку.",
    "ar": "افتتح الجسر القديم من جديد يوم الاثنين وهذا هو الأول من ثلاثة جسور في المدينة.",
    "fa": "پل قدیمی روز دوشنبه باز شد و این اولین پل از سه پلی است که در شهر تعمیر می شود.",
    "he": "הגשר הישן נפתח שוב ביום שני והוא הראשון מבין שלושה גשרים.",
    "el": "Η παλιά γέφυρα άνοιξε ξανά τη Δευτέρα και είναι η πρώτη από τις τρεις.",
    "hi": "पुराना पुल सोमवार को फिर से खोला गया और यह तीन में से पहला है।",
    "th": "สะพานเก่าเปิดอีกครั้งในวันจันทร์",
    "ja": "古い橋が月曜日に再び開通した。",
    "zh": "旧桥星期一重新开放，这是三座桥中的第一座。",
    "ko": "오래된 다리가 월요일에 다시 열렸다.",
}


@pytest.mark.parametrize("code", TEXTS)
def test_the_language_is_told(code: str) -> None:
    assert detect_language(TEXTS[code]) == code


@pytest.mark.parametrize("text", ["", "12345 !?", "Lorem ipsum dolor sit amet consectetur elit"])
def test_where_it_cannot_be_told_nothing_is_said(text: str) -> None:
    assert detect_language(text) is None
