"""What a training process gets of a cluster, and what the cluster must leave us."""

from __future__ import annotations

import signal
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from service.cluster import Node, living_nodes
from service.errors import SetupError

_ANSWER_S = 60.0
"""A node that has to start a process first takes some seconds."""


@dataclass(frozen=True, slots=True)
class Share:
    """Of one node, for one process."""

    num_cpus: int
    num_gpus: int = 0


def answering_nodes() -> list[Node]:
    """Those of the living that are: a node that has just died is found out only some seconds later,
    and work that is given to it meanwhile would wait for ever.

    Raises:
        SetupError: there are none.
    """
    asked = {_ask(node): node for node in living_nodes()}
    ray.wait(list(asked), num_returns=len(asked), timeout=_ANSWER_S)
    found = [node for reference, node in asked.items() if _has_answered(reference)]
    if not found:
        raise SetupError("no node of the Ray cluster answers")
    return found


def usual_num_processes(nodes: Sequence[Node]) -> int:
    """One a GPU where there are any, else one a node."""
    return sum(node.num_gpus for node in nodes) or len(nodes)


def share_of(nodes: Sequence[Node], num_processes: int) -> Share:
    """The largest share of which so many fit; with a GPU each, where there are enough of them.

    Raises:
        SetupError: there are more processes than processors.
    """
    num_gpus = int(sum(node.num_gpus for node in nodes) >= num_processes)
    for num_cpus in range(max(node.num_cpus for node in nodes), 0, -1):
        share = Share(num_cpus, num_gpus)
        if sum(_room(node, share) for node in nodes) >= num_processes:
            return share
    raise SetupError(f"the cluster has not {num_processes} processors")


def check_head_sees(folder: Path) -> None:
    """What is reached by `ray://` works from its own machine, with its own files.

    Raises:
        SetupError: the cluster's head has another folder of this name, or none.
    """
    mark = folder / f".{uuid.uuid4()}"
    mark.touch()
    try:
        place = NodeAffinitySchedulingStrategy(_head_id(), soft=False)
        ask = ray.remote(Path.is_file).options(scheduling_strategy=place, num_cpus=0)
        if not ray.get(ask.remote(mark)):
            raise SetupError(
                f"the cluster's head does not see {folder}: name a folder that it shares, or "
                "start this command on a machine of the cluster, with --on ray"
            )
    finally:
        mark.unlink()


@contextmanager
def own_interrupts() -> Iterator[None]:
    """Ray takes SIGINT over, and does not give it back."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def _ask(node: Node) -> Any:
    place = NodeAffinitySchedulingStrategy(node.id, soft=False)
    asked = ray.remote(_answer).options(scheduling_strategy=place, num_cpus=0, max_retries=0)
    return asked.remote()


def _answer() -> None:
    """All that is asked for."""


def _has_answered(reference: Any) -> bool:
    try:
        ray.get(reference, timeout=0)
    except RayError:
        return False
    return True


def _head_id() -> str:
    node_id: str = ray.get_runtime_context().get_node_id()
    return node_id


def _room(node: Node, share: Share) -> int:
    room = node.num_cpus // share.num_cpus
    return min(room, node.num_gpus) if share.num_gpus else room
