"""One training run by several processes of a cluster, by Ray Train and torch's own gradient sums.

Each process does what `train_here` does with its part of every step's pairs. Checkpoints, samples
and the result are in the workspace, as on one machine, so all nodes must see that folder; a
process that dies takes the run back to its last checkpoint.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray.train import RunConfig, ScalingConfig, TrainingFailedError, WorkerGroupError
from ray.train.torch import TorchTrainer

from service.cluster import connected
from service.errors import Doc2TweetError, EngineFault, SetupError
from training.bases import find_again, open_store
from training.cluster.resources import (
    answering_nodes,
    own_interrupts,
    share_of,
    usual_num_processes,
)
from training.finetune import run_mark, train_here
from training.tuning.checkpoints import is_open
from training.tuning.curve import Logs
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace

_MAX_LOSSES = 3
"""So often a run is gone on with after it lost a process."""


@dataclass(frozen=True, slots=True)
class GroupTraining:
    """A `Train` on the cluster that `on` names."""

    on: str
    num_processes: int | None = None
    """None: one a GPU, or one a node where there are none."""

    def __call__(self, workspace: Workspace, base: Base, options: FinetuneOptions) -> Logs:
        """
        Raises:
            SetupError: the cluster cannot be reached or has no room, or a node does not see the
                workspace or has another base.
            TrainingDiverged: the loss became NaN.
            EngineFault: processes died again and again.
        """
        shared = Workspace(workspace.root.absolute())
        job = {
            "workspace": shared,
            "base": base.settings(),
            "options": options,
            "mark": run_mark(shared, base, options),
        }
        with connected(self.on), own_interrupts():
            for _ in range(_MAX_LOSSES):
                try:
                    return self._train(shared.trained / "ray", job)
                except TrainingFailedError as error:
                    _raise_our_own(error)
                    reason = str(error).strip().splitlines()[-1]
        raise EngineFault(f"the run lost a process {_MAX_LOSSES} times: {reason}")

    def _train(self, folder: Path, job: Mapping[str, Any]) -> Logs:
        nodes = answering_nodes()
        num = self.num_processes or usual_num_processes(nodes)
        share = share_of(nodes, num)
        scaling = ScalingConfig(
            num_workers=num,
            use_gpu=bool(share.num_gpus),
            resources_per_worker={"CPU": share.num_cpus, "GPU": share.num_gpus},
        )
        run = RunConfig(name="finetune", storage_path=str(folder))
        try:
            result: Any = TorchTrainer(
                _train_on_node,  # type: ignore[arg-type]  # may return since 2.60
                train_loop_config=dict(job),
                scaling_config=scaling,
                run_config=run,
            ).fit()
        except SystemExit:
            raise KeyboardInterrupt from None  # what Ray's own listener makes of a Ctrl-C
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # what is worth keeping is beside it
        if result.return_value is None:
            raise KeyboardInterrupt  # Ray ends the processes, then returns as if all was done
        logs: Logs = result.return_value
        return logs


def _train_on_node(job: dict[str, Any]) -> Logs:
    workspace, options = job["workspace"], job["options"]
    if not is_open(workspace.trained, job["mark"]):
        raise SetupError(f"a node does not see {workspace.trained}; all of them must share it")
    base = find_again(open_store(), job["base"])
    if run_mark(workspace, base, options) != job["mark"]:
        raise SetupError("a node makes other prompts of the pairs; is it the same doc2tweet?")
    return train_here(workspace, base, options)


def _raise_our_own(failure: TrainingFailedError) -> None:
    """What a process raised on purpose would come again, however often the run is gone on with."""
    failures = failure.worker_failures if isinstance(failure, WorkerGroupError) else {}
    for error in failures.values():
        cause = getattr(error, "_base_exc", error)  # Ray wraps what the training raised
        if isinstance(cause, Doc2TweetError):
            raise cause from None
