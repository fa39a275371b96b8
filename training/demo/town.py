"""The stories of Port Ellery, a town that does not exist. Pure; a seed decides everything."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_SLOTS = {
    "person": "Ada Quillan|Bram Okafor|Celia Thorne|Dmitri Vale|Esme Harrow|Farid Lund|Greta Moss|"
    "Hugo Pellerin|Ines Calder|Jonas Whit|Kezia Ford|Lars Imber|Mina Strand|Noor Elwood|Otto Brand",
    "role": "the harbour master|a spokeswoman for the council|the headteacher|the project's "
    "engineer|the chair of the residents' group|the town's treasurer|a volunteer of 20 years",
    "place": "Quay Street|the Old Ropewalk|Gannet Square|the north pier|Lantern Hill|Mill Lane|"
    "the ferry landing|Chapel Green|the fish market|Saltmarsh Road|the west breakwater",
    "day": "on Monday|on Tuesday|on Wednesday|on Thursday|on Friday|on Saturday|on Sunday",
    "money": "£12,000|£48,500|£90,000|£155,000|£310,000|£1.2 million|£2.4 million|£7 million",
    "count": "14|27|35|48|63|90|120|210|340|560",
    "month": "January|March|April|May|June|August|September|October|November",
}

_TOPICS: tuple[tuple[str, ...], ...] = (
    (
        "Ferry to {place} to run until midnight from {month}",
        "The last ferry of the day will leave at midnight, not nine, the company said {day}.",
        "Night workers had asked for later crossings since the bus was cut two years ago.",
        "A trial last {month} carried {count} passengers a night, more than anybody expected.",
        "Two deckhands are being hired, and the old winch is to be replaced for {money}.",
        "Fares stay as they are, though a return after ten will need its own ticket.",
    ),
    (
        "Council votes {money} for a new roof on the library",
        "Councillors agreed {day} to repair the library's leaking roof before the winter storms.",
        "Buckets have stood between the shelves of local history since {month}.",
        "Some {count} atlases and parish maps are drying in the cellar of the town hall.",
        "Reading hours move to the school gym while the scaffolding is up.",
        "The slate will come from the quarry that supplied the first roof in 1911.",
    ),
    (
        "Herring fleet lands biggest catch in {count} weeks",
        "Boats came home {day} with their holds full after a month of empty nets.",
        "Warmer currents had driven the shoals beyond the banks, biologists believe.",
        "At auction the first crates fetched {money}, a record for the small hall.",
        "Crews still worry about diesel, which costs a third more than last {month}.",
        "The smokehouse has called back its pensioners to help with the curing.",
    ),
    (
        "School choir of {count} to sing at the lighthouse",
        "Pupils aged eight to twelve will perform from the gallery of the lighthouse {day}.",
        "They wrote the songs themselves with a composer who grew up above the bakery.",
        "Sound engineers tested how far a chorus carries over water, and were startled.",
        "Parents may watch from boats, and {money} of tickets have gone already.",
        "If there is fog the horn keeps silent, {person} promised.",
    ),
    (
        "Storm closes {place} for the third time since {month}",
        "Waves of five metres broke over the wall {day} and tore up the paving.",
        "Nobody was hurt, but {count} cellars were flooded and a kiosk was swept away.",
        "Forecasters had raised their warning only an hour before high water.",
        "Engineers put the damage at {money} and want to set the wall further back.",
        "Sandbags can be fetched from the fire station, two for each household.",
    ),
    (
        "Football club sells its pitch to pay {money} of debts",
        "Members of the rovers voted narrowly {day} to give up the ground of 1924.",
        "A builder plans {count} flats there, half of them for people on low wages.",
        "The team will share the field of its oldest rival until a new one is found.",
        "Supporters hung scarves on the gates and sang until the lights went out.",
        "Without the sale the bank would have closed the accounts in {month}.",
    ),
    (
        "Tram line to {place} opens after {count} months of works",
        "The first tram climbed the hill {day} with a brass band on the rear platform.",
        "Tracks had to be laid around a Roman drain that no map showed.",
        "Shopkeepers along the route say they lost a year of trade.",
        "Every ten minutes a car will run, and the first {month} is free of charge.",
        "The budget rose from {money} to twice as much, auditors found.",
    ),
    (
        "Bakery on {place} wins prize for its seaweed bread",
        "A jury of chefs chose the dark loaf from among {count} entries {day}.",
        "Dulse gathered at low tide gives the crust its salt, said {person}.",
        "Orders now come from hotels inland, and a second oven is on its way.",
        "It costs {money}, which regulars have lent without interest.",
        "The recipe was found in a log book of a whaler, or so the family tells it.",
    ),
    (
        "Museum finds {count} letters of a shipwrecked captain",
        "A trunk bought for its brass fittings held the post of the barque Meridian.",
        "Conservators opened the first envelopes {day} under a microscope.",
        "The captain writes of ice, of debts of {money}, and of a cat named Admiral.",
        "Descendants were traced to a village on the other side of the world.",
        "A show with the letters opens in {month}, free for those who can spell barquentine.",
    ),
    (
        "Hospital gets a scanner after {count} runners raise {money}",
        "Patients will no longer travel ninety kilometres for an image of the heart.",
        "The run along the cliffs {day} brought in the last part of the sum.",
        "Doctors expect to see a dozen people a day from {month} on.",
        "A crane lifted the machine through the roof while nurses held umbrellas over it.",
        "Its old neighbour, an X-ray set of 1988, goes to a veterinary college.",
    ),
    (
        "Bees on the town hall make {count} jars of honey",
        "Six hives on the flat roof were emptied {day} by the clerk who keeps them.",
        "Lime trees around the square flowered late, which suited the swarms well.",
        "Jars are sold at the tourist office, and {money} has gone to the hospice.",
        "A new by-law forbids spraying of verges between {month} and the first frost.",
        "Stings were counted too: four, all of them the mayor's.",
    ),
    (
        "Power station at {place} to become {count} workshops",
        "The turbine hall, dark since the nineties, will be let to makers of small things.",
        "Carpenters, a printer and a builder of harps signed the first leases {day}.",
        "Asbestos in the ducts must go first, which takes {money} and most of {month}.",
        "The chimney stays, because peregrines have nested there for nine summers.",
        "Rents begin low and rise only as the tenants earn.",
    ),
)

_GENERAL = (
    "{person}, {role}, called it the best news for Port Ellery in years.",
    "{person} was less sure: the figures, she said, had been too rosy before.",
    "A meeting for everybody who lives near {place} is planned {day} at seven.",
    "The council answers questions by post and at its counter on {place}.",
    "Neighbouring Saint Orrin tried the same in {month} and gave it up.",
    "About {count} people stood in the rain to hear the announcement.",
    "Work starts in {month} and is to take no longer than {count} days.",
    "Of the cost, {money} comes from the coastal fund and the rest from donors.",
    "{role} thanked the volunteers, above all {person}, who never missed a day.",
    "Traffic around {place} will be led over the upper road meanwhile.",
    "Older residents remember a similar plan that failed for want of {money}.",
    "What happens after {month}, {person} said, is for the next budget to say.",
)

_LEADS = ("Just in: {}.", "From the quay: {}.", "{}. Good.", "Noted: {}.", "{}. About time.", "{}.")


@dataclass(frozen=True, slots=True)
class Story:
    slug: str
    title: str
    paragraphs: tuple[str, ...]
    tweet: str
    """Without its link."""


def stories(number: int, seed: int = 0) -> list[Story]:
    """At most so many stories; a title that comes up again is told once."""
    rng = random.Random(seed)  # noqa: S311  (no secret)
    told = [_story(rng, _TOPICS[turn % len(_TOPICS)]) for turn in range(number)]
    return list({story.slug: story for story in told}.values())


def _story(rng: random.Random, topic: tuple[str, ...]) -> Story:
    facts = {name: rng.choice(values.split("|")) for name, values in _SLOTS.items()}
    title = topic[0].format(**facts)
    own = rng.sample(topic[1:], 3)
    # Each sentence about the rest of the town has its own people and places.
    rest = [_fill(rng, sentence) for sentence in rng.sample(_GENERAL, 5)]
    sentences = [sentence.format(**facts) for sentence in own] + rest
    return Story(
        slug=re.sub(r"\W+", "-", title.lower()).strip("-"),
        title=title,
        paragraphs=(" ".join(sentences[:2]), " ".join(sentences[2:5]), " ".join(sentences[5:])),
        tweet=rng.choice(_LEADS).format(title),
    )


def _fill(rng: random.Random, sentence: str) -> str:
    text = sentence.format(
        **{name: rng.choice(values.split("|")) for name, values in _SLOTS.items()}
    )
    return text[0].upper() + text[1:]
