"""`doc2tweet bulk`: hundreds of texts in one run, into a file that a stopped run goes on with."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.bulk.jobs import Source, seeded
from service.commands.drawing import drawing, given, loaded
from service.commands.stopping import stopping_on_interrupt
from service.config import Config
from service.errors import ConfigError

if TYPE_CHECKING:
    from service.bulk.jobs import Job
    from service.bulk.rows import RowFile
    from service.bulk.run import BulkReport, ErrorFile
    from service.bulk.work import Asked
    from service.model_spec import Task

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SPACING_S = 1.0
"""Between two requests of a cluster to one host; on one machine the fetcher itself sees to it."""


@click.command()
@click.option("--prompt", help="Go on with this text.")
@click.option("--prompts", type=_FILE, help="Go on with each line of this file.")
@click.option("--urls", type=_FILE, help="Tweets about each URL of this file, one a line.")
@click.option("--articles", type=_FILE, help='JSON lines: {"title": …, "text": …, "url": …}.')
@click.option("--num", type=click.IntRange(1), default=1, help="Times each, with another seed.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--format", "form", type=click.Choice(["jsonl", "text"]), default="jsonl")
@click.option("--delimiter", default="=" * 20, help="The line between two texts of --format text.")
@click.option("--prefix", default="", help="Stands before every prompt.")
@click.option(
    "--include-prefix/--no-include-prefix",
    default=True,
    help="Whether prefix and prompt are part of the text.",
)
@click.option("--truncate", help="Cut a text off at the first of these; as --stop.")
@click.option("--on", help="`ray` or `ray://HOST:10001`: on every node of a cluster.")
@drawing
def bulk(output: Path, form: str, delimiter: str, on: str | None, **options: Any) -> None:
    """Write many texts into a file. Stopped and started again, it goes on where it was.

    Every row has its seed, model, flags and source; `drafts import` takes the file.
    """
    source = _source(options)
    rows_path = output if form == "jsonl" else output.with_name(output.name + ".jsonl")
    errors_path = rows_path.with_name(rows_path.name + ".errors")
    _spare_the_input(source, {output, rows_path, errors_path})
    asked = _asked(options, source)
    jobs = source.jobs(asked.drawing.params.seed)  # before any file is made
    from service.bulk.rows import RowFile
    from service.bulk.run import ErrorFile
    from service.bulk.texts import TextFile

    with RowFile(rows_path, asked.run) as rows:
        texts = TextFile(output, delimiter) if form == "text" else None
        if texts:
            texts.check(rows)
        _fill(jobs, rows, rows_path, ErrorFile(errors_path), source, asked, on)
        if texts:
            texts.write(rows)


def _spare_the_input(source: Source, outputs: set[Path]) -> None:
    for path in outputs:
        if source.file is not None and path.exists() and path.samefile(source.file):
            raise ConfigError(f"{path} is what is read; name another output")


def _source(options: dict[str, Any]) -> Source:
    kinds = {name: options.pop(name) for name in ("prompt", "prompts", "urls", "articles")}
    given_kinds = [name for name, value in kinds.items() if value is not None]
    if len(given_kinds) != 1:
        raise click.UsageError("Give one of --prompt, --prompts, --urls and --articles.")
    if given_kinds[0] in {"urls", "articles"} and options["prefix"]:
        raise click.UsageError("--prefix goes with prompts.")
    return Source(**kinds, num=options.pop("num"))


def _asked(options: dict[str, Any], source: Source) -> Asked:
    """The run's request, checked as the API checks it, and its digest."""
    from service.api.schemas import GenerateSchema, TweetSchema, check
    from service.bulk.work import Asked

    prefix, include_prefix = options.pop("prefix"), options.pop("include_prefix")
    if truncate := options.pop("truncate"):
        options["stop"] = (*options["stop"], truncate)
    members = given(options)
    tweet = check(TweetSchema(), {"text": "-"} if source.is_prompts else members | {"text": "-"})
    drawing = tweet.drawing
    if source.is_prompts:
        drawing = check(GenerateSchema(), members | {"prompt": "-"}).drawing
    facts = json.dumps([members, prefix, include_prefix, source.identity], sort_keys=True)
    digest = hashlib.sha256(facts.encode()).hexdigest()[:16]
    return Asked(drawing, tweet, prefix, include_prefix, digest)


def _fill(
    jobs: list[Job],
    rows: RowFile,
    path: Path,
    errors: ErrorFile,
    source: Source,
    asked: Asked,
    on: str | None,
) -> None:
    """Do what the file lacks. A stop leaves a file that the same command goes on with."""
    if rows.base_seed is not None:
        jobs = seeded(jobs, rows.base_seed)
    if all(job.number in rows.done for job in jobs):
        click.echo(f"{len(jobs)} jobs, all of them in {path} already", err=True)
        return
    try:
        _tell(_run(jobs, rows, errors, asked, source, on), path)
    except KeyboardInterrupt:
        click.echo(
            f"\ndoc2tweet: stopped; {rows.num_rows} rows are in {path}, and the same "
            "command goes on from there",
            err=True,
        )
        sys.exit(130)


def _run(
    jobs: list[Job],
    rows: RowFile,
    errors: ErrorFile,
    asked: Asked,
    source: Source,
    on: str | None,
) -> BulkReport:
    """Raises KeyboardInterrupt where it was stopped before all was done."""
    from service.bulk.run import run_bulk
    from service.bulk.work import BulkWork, UntilStopped
    from service.executor import ThreadExecutor, executor_on

    max_workers = Config.from_env().engine.max_num_seqs * 2
    settings = {"ENGINE_MAX_QUEUED": max_workers, "FETCH_EXTRACT_CHILDREN": 1}
    task: Task = "generate" if source.is_prompts else "tweet"
    if on is not None:
        from service.commands.bulk_on_nodes import RemoteBulkWork

        there = RemoteBulkWork(asked, task, tuple(settings.items()))
        with executor_on(on, max_workers) as executor:
            return run_bulk(jobs, there, executor, rows, errors, spacing_s=_SPACING_S)
    with loaded(asked.drawing.model, task, **settings) as parts, stopping_on_interrupt() as stop:
        work = BulkWork(parts.pipeline, asked, UntilStopped(stop.is_set))
        report = run_bulk(jobs, work, ThreadExecutor(max_workers, stop), rows, errors)
    if stop.is_set():
        raise KeyboardInterrupt
    return report


def _tell(report: BulkReport, path: Path) -> None:
    click.echo(
        f"{report.num_rows} rows, {report.num_tokens:,} tokens in {report.seconds:.1f} s: "
        f"{report.tokens_per_s:,.0f} tokens/s",
        err=True,
    )
    if report.num_failed:
        click.echo(
            f"{report.num_failed} failed, as {path}.errors says; run again to retry", err=True
        )
