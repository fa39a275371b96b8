"""A bulk job on a node of a cluster, which loads the model once for all its threads.

What travels is the request and the settings; the model is found, or built, on the node.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass

from service.bulk.jobs import Job
from service.bulk.work import Asked, BulkWork, Done
from service.commands.drawing import loaded
from service.errors import SetupError
from service.model_spec import Task

_here: dict[Asked, BulkWork] = {}
"""One a process."""
_open = ExitStack()
"""What holds the models; it ends with the process, as the node's worker does."""
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class RemoteBulkWork:
    """Pickles."""

    asked: Asked
    task: Task
    settings: tuple[tuple[str, object], ...]
    """As `loaded` takes them."""

    def __call__(self, job: Job) -> Done:
        try:
            work = self._work()
        except SetupError as error:
            return Done(job, error=error.type, detail=error.detail)
        return work(job)

    def _work(self) -> BulkWork:
        with _loading:
            if self.asked not in _here:
                model = self.asked.drawing.model
                parts = _open.enter_context(loaded(model, self.task, **dict(self.settings)))
                _here[self.asked] = BulkWork(parts.pipeline, self.asked)
            return _here[self.asked]
