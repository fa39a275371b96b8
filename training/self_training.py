"""The stage `self-train`: a model's own best drafts become targets beside the tweets.

One round of reinforced self-training (ReST, Gulcehre et al. 2023; RAFT, Dong et al. 2023): of many
drafts about an article the one most like the true tweet is kept, and `finetune` then learns from
both. A tweet holds much that nobody could know from the article; the draft is the nearest text that
a model can reach.

What a model says of articles it was trained on are their tweets by heart. So each part of the
articles is drawn for by a model that was trained on the others (cross-fitting).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from service.articles.article import Article
from service.engine.sampling_params import SamplingParams
from service.errors import NoPostableTweet, TrainingDataError
from service.models import LoadedModel
from service.tweets.postprocess import context_for, make_tweet
from service.tweets.ranking import with_consensus
from service.tweets.tweet import Candidate, Tweet, TweetRules
from training.delivery.adapter_file import write_adapter
from training.delivery.scratch import scratch_build
from training.export.adapter import merge_adapter
from training.export.reader import read_checkpoint
from training.files import atomic_writer, read_jsonl
from training.finetune import finetune
from training.judging.metrics import likeness
from training.judging.served_model import MAX_TOKENS, ServedModel
from training.pairing.splitting import folds
from training.pairs import Pair, read_pairs, write_pairs
from training.reports import StageReport
from training.tuning.checkpoints import open_run
from training.tuning.examples import is_learnt_from
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace, fingerprint

_ARTICLES_A_FILE = 128
"""A minute's drafts: as much is lost where drawing is stopped."""


@dataclass(frozen=True, slots=True)
class SelfTrainOptions:
    num_folds: int = 2
    num_drafts: int = 16
    """Of each article."""
    temperature: float = SamplingParams().temperature


def self_train(
    workspace: Workspace, base: Base, tuning: FinetuneOptions, options: SelfTrainOptions
) -> StageReport:
    """Add a draft to `pairs.jsonl` for every training article that has a good one.

    Stopped, the same command goes on; run again, it begins with the tweets alone.

    Raises:
        TrainingDataError: there are too few pairs, or none with an article.
        As `training.finetune.finetune`.
    """
    with workspace.locked():
        return _self_train(workspace, base, tuning, options)


def _self_train(
    workspace: Workspace, base: Base, tuning: FinetuneOptions, options: SelfTrainOptions
) -> StageReport:
    own = [pair for pair in read_pairs(workspace.pairs) if not pair.drawn]
    teachable = [pair for pair in own if _is_teachable(pair, tuning)]
    if not teachable:
        raise TrainingDataError(f"{workspace.pairs} has no article to draw drafts of")
    train = [pair for pair in own if pair.split == "train"]
    chosen: list[Pair] = []
    for number, part in enumerate(folds(train, options.num_folds)):
        unseen = set(part)
        others = [pair for pair in own if pair.split != "test" and pair not in unseen]
        wanted = [pair for pair in part if _is_teachable(pair, tuning)]
        fold = Workspace(workspace.root / "folds" / str(number))
        drafts = _drafts(fold, others, wanted, base, tuning, options)
        found = zip(wanted, map(best_draft, wanted, drafts), strict=True)
        chosen += (_taught(pair, text) for pair, text in found if text)
    write_pairs(workspace.pairs, [*own, *chosen])
    counts = {"articles": len(teachable), "with a good draft": len(chosen)}
    report = StageReport("self-train", counts, asdict(options))
    workspace.record(report)
    return report


def best_draft(pair: Pair, drafts: Sequence[Candidate]) -> str:
    """The draft that is most like the tweet and the other drafts, or nothing.

    Likeness to one tweet is partly chance; what the other drafts agree with is less so. A draft
    that was cut off, or says what the article does not, teaches nothing.
    """
    context = context_for(Article(title="", text=pair.article), TweetRules(link="none"))
    sound: list[Tweet] = []
    for draft in drafts:
        try:
            tweet = make_tweet(draft, context)
        except NoPostableTweet:
            continue
        if draft.complete and not tweet.ungrounded:
            sound.append(tweet)
    if not sound:
        return ""
    best = max(
        with_consensus(sound),
        key=lambda tweet: likeness(pair.tweet, tweet.text) + tweet.score_parts.consensus,
    )
    return next(draft.text.strip() for draft in drafts if draft.index == best.index)


def _taught(pair: Pair, text: str) -> Pair:
    """The draft was made without the title, so it is learnt without."""
    return replace(pair, id=f"{pair.id}+", tweet=text, title="", drawn=True)


def _is_teachable(pair: Pair, tuning: FinetuneOptions) -> bool:
    is_learnt = is_learnt_from(pair, tuning.examples.max_teaser)
    return pair.split == "train" and bool(pair.article) and is_learnt


def _drafts(
    fold: Workspace,
    others: Sequence[Pair],
    wanted: Sequence[Pair],
    base: Base,
    tuning: FinetuneOptions,
    options: SelfTrainOptions,
) -> list[list[Candidate]]:
    """Drafts of each wanted article by a model trained on the others; kept in the fold."""
    write_pairs(fold.pairs, others)
    mark = finetune(fold, base, tuning).fingerprint
    unseen, folder = fold.root / "unseen.jsonl", fold.root / "drafts"
    write_pairs(unseen, wanted)
    open_run(folder, fingerprint([unseen], {"model": mark, **asdict(options)}), fresh=False)
    parts = {
        folder / f"{start:06}.jsonl": wanted[start : start + _ARTICLES_A_FILE]
        for start in range(0, len(wanted), _ARTICLES_A_FILE)
    }
    missing = [path for path in parts if not path.exists()]
    if missing:
        with tempfile.TemporaryDirectory(dir=fold.root) as scratch:
            model = ServedModel(_build(fold, base, Path(scratch)))
            for path in missing:
                _write(path, parts[path], _draw(model, parts[path], options))
    rows = (row for path in parts for _, row in read_jsonl(path))
    return [[Candidate(**draft) for draft in row["drafts"]] for row in rows]


def _build(fold: Workspace, base: Base, folder: Path) -> LoadedModel:
    """What the fold trained, as it would be served."""
    adapter = fold.trained / "adapter"
    if adapter.is_dir():
        checkpoint = merge_adapter(base.checkpoint, write_adapter(adapter, folder, base.name))
    else:
        checkpoint = read_checkpoint(fold.trained / "weights")
    return scratch_build(checkpoint, base.spec, folder, base.spec.build.precision)


def _draw(
    model: ServedModel, wanted: Sequence[Pair], options: SelfTrainOptions
) -> list[list[Candidate]]:
    params = SamplingParams(
        temperature=options.temperature, max_tokens=MAX_TOKENS, seed=0, n=options.num_drafts
    )
    articles = [Article(title="", text=pair.article) for pair in wanted]
    return model.draw(articles, params, "drafts")


def _write(path: Path, wanted: Sequence[Pair], drawn: Sequence[Sequence[Candidate]]) -> None:
    with atomic_writer(path) as out:
        for pair, drafts in zip(wanted, drawn, strict=True):
            row = {"id": pair.id, "drafts": [asdict(draft) for draft in drafts]}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
