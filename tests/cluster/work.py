"""What the cluster's nodes are given to do; in a module of its own, since they import it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from service.bulk.jobs import Job
from service.bulk.rows import Row
from service.bulk.work import Done
from service.models import ModelStore
from training.bases import find_base
from training.tuning.options import Base


@dataclass(frozen=True)
class Slow:
    """Notes when it began, on a disk that all nodes see."""

    folder: Path
    seconds: float

    def __call__(self, item: int) -> tuple[int, str]:
        import ray

        node: str = ray.get_runtime_context().get_node_id()
        (self.folder / f"{item}-{time.time_ns()}").write_text(node)
        time.sleep(self.seconds)
        return item, node


class DeadlyOnce(Slow):
    """Every node's first worker dies at its first items."""

    def __call__(self, item: int) -> tuple[int, str]:
        result = super().__call__(item)
        died = self.folder.with_name(result[1])
        if not died.exists():
            died.touch()
            os._exit(1)
        return result


class Unloadable:
    """As work of another version of the project would be."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return _missing, ("nothing",)

    def __call__(self, item: int) -> int:
        return item


def _missing(name: str) -> object:
    raise ModuleNotFoundError(name)


class WriteOneRow:
    """A bulk job without a model."""

    def __call__(self, job: Job) -> Done:
        row = Row(
            text=f"{job.prompt} {job.seed}",
            model="none",
            seed=job.seed,
            index=0,
            prompt=job.prompt,
            source=None,
            article_title=None,
            article_text=None,
            flags=(),
            overlap=None,
            finish_reason="stop",
            job=job.number,
            num_rows=1,
            run="run",
        )
        return Done(job, (row,), 1)


@dataclass(frozen=True)
class NotedBase:
    """Finds the tiny base, and notes on which node that was; so a test knows who is at a trial."""

    models_dir: Path
    folder: Path
    name: str = "tiny-gpt2"

    def __call__(self, article_chars: int) -> Base:
        import ray

        node: str = ray.get_runtime_context().get_node_id()
        (self.folder / f"{node}-{time.time_ns()}").touch()
        time.sleep(2)
        return find_base(ModelStore(self.models_dir), self.name, article_chars=article_chars)
