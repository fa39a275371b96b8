"""The stage `import`: from whatever holds tweets to `tweets.jsonl`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from service.errors import TrainingDataError
from training.importers.raw import RawTweet
from training.importers.selection import SelectionOptions, select
from training.reports import StageReport
from training.tweets import write_tweets
from training.workspace import Workspace


def import_tweets(
    workspace: Workspace, raws: Iterable[RawTweet], options: SelectionOptions
) -> StageReport:
    """Clean and select the tweets, write and report them.

    Raises:
        TrainingDataError: none is left; the message says what became of them.
    """
    selection = select(raws, options)
    report = StageReport("import", selection.counts, asdict(options))
    if not selection.tweets:
        dropped = ", ".join(f"{number} {name}" for name, number in selection.counts.items())
        raise TrainingDataError(
            f"No tweet is left ({dropped}). --keep-retweets, --keep-replies, --keep-cut-off "
            "and --min-chars say what is dropped"
        )
    write_tweets(workspace.tweets, selection.tweets)
    workspace.record(report)
    return report
