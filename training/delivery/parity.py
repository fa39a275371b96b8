"""Whether the exported graph says what the trained model says."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.errors import SetupError
from service.models import ModelStore
from training.build import Builder
from training.delivery.scratch import scratch_build
from training.evaluate import article_of, held_out_loss
from training.judging.served_model import GREEDY, ServedModel
from training.judging.table import BODY
from training.pairs import Pair
from training.tuning.greedy import greedy_ids
from training.tuning.trained_model import trained_model

NUM_TEXTS = 20
MAX_PERPLEXITY_RISE = 0.02


@dataclass(frozen=True, slots=True)
class Parity:
    num_texts: int
    num_equal: int
    """Greedy texts that the float32 graph and torch agree on to the last token."""
    perplexity: float
    """Of the float32 graph."""
    served_perplexity: float
    """Of the graph that is served."""

    @property
    def rise(self) -> float:
        """Share by which the served graph is worse."""
        return self.served_perplexity / self.perplexity - 1


def check_parity(store: ModelStore, builder: Builder, name: str, pairs: Sequence[Pair]) -> Parity:
    """Compare trained model, float32 graph and served graph on held-out pairs.

    Raises:
        SetupError: a text differs, or the served graph's perplexity is over 2 % worse.
    """
    served = store.load(name)
    with tempfile.TemporaryDirectory() as temp:
        exact = ServedModel(scratch_build(builder.read(name), served.spec, Path(temp), "fp32"))
        articles = [article_of(pair, BODY) for pair in pairs[:NUM_TEXTS]]
        graph_texts = [drawn[0].text for drawn in exact.draw(articles, GREEDY, "float32 graph")]
        model = trained_model(store, builder, name)
        ends = tuple(served.dims.eos_ids)
        torch_texts = [
            exact.tokenizer.decode(
                greedy_ids(model, exact.prompt(article).token_ids, ends, GREEDY.max_tokens)
            )
            for article in articles
        ]
        pairings = zip(graph_texts, torch_texts, strict=True)
        found = Parity(
            num_texts=len(articles),
            num_equal=sum(a == b for a, b in pairings),
            perplexity=math.exp(held_out_loss(exact, pairs)),
            served_perplexity=math.exp(held_out_loss(ServedModel(served), pairs)),
        )
    _refuse(name, found)
    return found


def _refuse(name: str, found: Parity) -> None:
    if found.num_equal < found.num_texts:
        raise SetupError(
            f"the graph of {name} says something else than the trained model in "
            f"{found.num_texts - found.num_equal} of {found.num_texts} texts"
        )
    if found.rise > MAX_PERPLEXITY_RISE:
        raise SetupError(
            f"{name}: the served graph's perplexity is {found.served_perplexity:.2f}, that of the "
            f"trained model {found.perplexity:.2f}; build it with --precision fp32"
        )
