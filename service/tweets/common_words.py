"""English words that are no names although a capital may begin them: at the head of a sentence, or
everywhere in a headline. Written for this project; forms in -s, -ing, -ed and -ly need no entry.
"""

from __future__ import annotations

import re

from service.tweets.words import STOP_WORDS, singular

_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    above according across act actually advice again against age ago ahead air alone along already
    although always amazing among answer anyone anything area around art article ask away
    baby back bad ball ban bank bar base battle beach beat beautiful become bed began begin behind
    believe below best better between beyond big bill billion bird birthday black block blood blow
    blue board body bold book border boss both bottom box boy brain break breakfast bring brother
    budget build business buy call came camera campaign cancer car care case cash cat cause
    celebrity center centre century ceo chance change charge cheap check chief child children
    choice church city class clean clear climate close cloud club coach coffee cold college come
    comic coming common company concern cook cool cop cost could country couple course court crazy
    create crime crisis critic cup cure cut cute dad daily danger dark data date daughter day dead
    deadly deal dear death debate debt decade deep deserve despite detail diet different dinner
    disease doctor dog dollar door double doubt down dozen drama dream dress drink drive drop drug
    due during each early earth easy eat economy edge effect eight either election eleven else
    email emotional end energy enjoy enough entire epic even ever every everyone everything
    evidence exactly exam example excellent exclusive expect expert explain eye face fact fail
    fair fall false family famous fan far fashion fast fat father favorite favourite fear feel
    few field fight film final finally find fine fire firm first fish five fix flight floor fly
    focus follow food foot football force foreign forget former forward found four free fresh
    friend front full fun fund funny future game garden gas gave gay get giant gift girl give
    glad go goal god going gold gone good got government great green ground group grow guide gun
    guess guy hacker hair half hand happen happy hard hate head health hear heart heat held hell
    hello help hero hi hidden high history hit hold hole holiday home hope horrible horse hospital
    hot hour house huge human hundred husband ice idea ignore image imagine impact important
    incredible indeed inside instead interest internet interview invite issue item job join joke
    joy judge jump keep key kid kill kind king kiss kitchen know lady land language large last
    late later law lawyer lead leader learn least leave left legal less lesson let letter level
    lie life light line list listen little live local long look lose loss lost lot love low luck
    lunch mad made magic mail main make male man map mark market marriage marry mass match matter
    maybe mean meat media medical meet member men mental mess message met middle might mile mind
    minister minute miss mistake mobile model mom moment money month moon moral morning most
    mother mouth move movie much mum murder music must mystery myth name nation national nature
    near nearly need neither never news next nice night nine nobody none nor north note nothing
    notice nuclear number nurse obviously odd office official often oil okay old once online open
    opinion order ordinary otherwise owner page pain paper parent park part party pass past path
    patient pay peace people per perfect perhaps person pet phone photo pick picture piece place
    plan plane plant play player please plot plus poem point police policy political poll poor
    pop popular possible post power powerful pregnant present president press pretty price prime
    prince princess prison private prize probably problem product project proof protest proud
    prove public pull push put question quick quiet quit quite quiz quote race radio rain raise
    random rare rate rather reach read ready real reality really reason recipe record red relax
    remember report research rest result rich ride right ring rise risk river road rock role room
    royal rule run sad safe sale same save scandal scary scene school science score sea
    season seat second secret see seem self sell senator send sense serious set seven sex shape
    share shark shock shoe shoot shop short shot show sick side sign silent silly simple since
    sing single sister site situation six size skill skin sleep slow small smart smile snow
    social soldier solution somebody someone something sometimes son song soon sorry sort soul
    sound source south space speak special spend spoiler sport spot spring staff stage stand star
    start state stay steal step stick still stop storm story strange street stress strong student
    study stuff style success sudden sugar suggest summer sun super support sure surprise sweet
    swim system table take talk tax tea teach teacher team tech teen television tell ten terrible
    test text thank thanks theory therapy thing think third though thought thousand threat three
    through throw thus time tiny tip title today together told tomorrow tonight took top total
    touch tough tour town toy trade tragic train travel treat tree trial trick trip trouble true
    truly trust truth try tv twelve twice twin twist two type ugly ultimate under understand
    unit until unusual update upon use user usual usually valuable value vegan version victim
    video view viral virus visit voice vote wait wake walk wall want war warm warning wash watch
    water way weak wealth wear weather website wedding week weekend weird welcome well went west
    whatever whether white whole whose wife wild win wind window wine winner winter wise wish
    within without woman women wonder wonderful word work worker world worry worse worst worth
    wow write wrong yeah year yes yesterday yet young
    amid analysis anti attempt breaking brb hey hint icymi indie lol meanwhile oh omg ok oops plus
    rt ugh via vs whoa wtf yep
    another apparent bizarre boyfriend capture confirm decide devastate explore forest gasp
    girlfriend grandma grandpa hike instant legendary museum predict prediction
    regret regretted reveal slam warn
    """,
    )
)
ROLES = frozenset(
    re.findall(
        r"\w+",
        """
    a actor actress ambassador an archbishop attorney aunt author baby bishop boss brother candidate
    captain ceo chairman chancellor chef chief coach colonel comedian commissioner congressman
    congresswoman councillor dad dear detective director doctor editor emperor ex father founder
    general governor grandma grandpa inspector judge justice king lady leader lord major mayor
    minister mom mother mum officer pope premier president prince princess professor queen
    rapper representative secretary senator sergeant sheriff singer sister star superstar the uncle
    """,
    )
)
"""What may stand before any name that fits; most are everyday words."""
_ENDINGS = re.compile(
    r".{3,}(?:ing|ed|ly|tion|sion|ness|ment|able|ible|ful|less|ous|ive|ity|ism|ists?|ance|ence|"
    r"ship|hood|est|ize|ise|ised|ized)$"
)
_INFLECTED = re.compile(r"(.{3,})(?:ing|ed|ly)$")
_SURNAMES = frozenset(["browning", "fielding", "golding", "harding", "spring", "whiting"])
"""Inflected by their looks."""
_CONTRACTION = re.compile(r"(?:n't|'(?:re|ve|ll|d|m))$")
_WITH_APOSTROPHE = frozenset(["o'clock", "ma'am", "y'all", "ain't", "can't", "shan't", "won't"])


def is_common(word: str) -> bool:
    """Whether a folded word is an everyday one or has the ending of one: for the head of a
    sentence and for headlines, where a capital says nothing."""
    return is_everyday(word) or _ENDINGS.match(singular(_uncontracted(word))) is not None


def is_everyday(word: str) -> bool:
    """Whether a folded word is an everyday one, its ending no matter: "Ahmed", "Beijing" and
    "Emily" end like everyday words. Unknown ones are taken for names."""
    word = _uncontracted(word)
    stem = singular(word)
    if word in STOP_WORDS or word in _WITH_APOSTROPHE or word in _WORDS or stem in _WORDS:
        return True
    inflected = _INFLECTED.fullmatch(stem)
    return (
        inflected is not None
        and stem not in _SURNAMES
        and (inflected[1] in _WORDS or inflected[1] + "e" in _WORDS)
    )


def _uncontracted(word: str) -> str:
    """`trump` for "Trump'll"; "O'Neill" stays."""
    return word if word in _WITH_APOSTROPHE else _CONTRACTION.sub("", word)
