"""`doc2tweet post --due`: one posting run, for cron or a cloud's scheduler."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from service.posting.run import PostReport


@click.command()
@click.option("--due", is_flag=True, required=True, help="Post what is due, once, and end.")
@click.option(
    "--dry-run/--no-dry-run",
    default=True,
    show_default=True,
    help="Only say what would be posted; nothing is sent, nothing changed.",
)
def post(due: bool, dry_run: bool) -> None:
    """Post the scheduled drafts whose time has come.

    Ends with code 1 where X refuses an account or a tweet.
    """
    from service.desk import desk_from_env

    assert due
    trouble = False
    with desk_from_env() as desk:
        run = desk.posting_run()
        for report in run.preview() if dry_run else run.post_due():
            click.echo(_line(report))
            trouble |= report.is_trouble
    if dry_run:
        click.echo("doc2tweet: a dry run; --no-dry-run posts", err=True)
    sys.exit(1 if trouble else 0)


def _line(report: PostReport) -> str:
    draft = "" if report.draft_id is None else f"draft {report.draft_id}"
    rest = report.tweet_id or report.detail
    parts = (report.account, report.outcome, draft, rest, " ".join(report.text.split()))
    return "\t".join(parts)
