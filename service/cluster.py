"""The executor seam on a Ray cluster. The only module of `service` that knows Ray.

Every node gets one worker process with as many threads as wanted: so a model is loaded once a
node, its batch stays full, and pages are waited for side by side. Items are handed out from here,
one by one, which is what keeps politeness to a host, and lets a node that dies cost the items it
was at and no others.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, cast

from service.errors import EngineFault, ExtraMissing, SetupError
from service.executor import Executor, Item, KeyedQueue, Result

try:
    import ray
    from ray.exceptions import RayError, RayTaskError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ModuleNotFoundError:
    raise ExtraMissing("A cluster", "cluster") from None

_log = logging.getLogger(__name__)
_LOOK_S = 2.0
"""How often it is seen whether nodes have come."""
_MAX_LOSSES = 3
"""An item that was under way on so many nodes when they died is taken for the reason."""


@contextmanager
def cluster_executor(on: str, threads_per_node: int) -> Iterator[Executor]:
    """Items are worked on by every node of the cluster `on`; see `connected`."""
    with connected(on):
        yield RayExecutor(threads_per_node)


@contextmanager
def connected(on: str) -> Iterator[None]:
    """For as long as the context lasts, this process belongs to a cluster.

    Args:
        on: `ray` for the cluster this machine belongs to, else a local one; `ray://HOST:10001`.

    Raises:
        SetupError: the cluster cannot be reached.
    """
    own = not ray.is_initialized()
    if own:
        address = None if on == "ray" else on
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
        except (ConnectionError, ValueError, RuntimeError) as error:
            hint = "; a cluster with a token wants RAY_AUTH_MODE=token and RAY_AUTH_TOKEN here too"
            raise SetupError(f"no Ray cluster at {on}: {error}{hint}") from None
    try:
        yield
    finally:
        if own:
            ray.shutdown()


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster that computes."""

    id: str
    num_cpus: int
    num_gpus: int


def living_nodes() -> list[Node]:
    """
    Raises:
        SetupError: there are none.
    """
    known: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    found = [
        Node(n["NodeID"], int(n["Resources"]["CPU"]), int(n["Resources"].get("GPU", 0)))
        for n in known
        if n["Alive"] and n["Resources"].get("CPU")
    ]
    if not found:
        raise SetupError("the Ray cluster has no node with a processor left")
    return found


@dataclass(frozen=True, slots=True)
class _Task(Generic[Item]):
    name: Hashable
    item: Item
    node: str
    worker: Any
    """The actor on that node it was handed to."""


class RayExecutor:
    """On the cluster that this process is connected to."""

    def __init__(self, threads_per_node: int) -> None:
        self._threads = threads_per_node

    def map_unordered(
        self,
        fn: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        key: Callable[[Item], Hashable] | None = None,
        spacing_s: float = 0.0,
    ) -> Iterator[Result]:
        """See `Executor`.

        Raises:
            EngineFault: an item was lost again and again.
            SetupError: no node is left.
        """
        queue = KeyedQueue(items, key, spacing_s)
        crew: _Crew[Item] = _Crew(fn, self._threads)
        try:
            while queue or crew.running:
                crew.recruit()
                crew.start(queue)
                for reference in crew.finished(queue.next_start()):
                    task = crew.running.pop(reference)
                    try:
                        result, seconds = ray.get(reference)
                    except RayTaskError:
                        raise
                    except RayError as error:
                        crew.lose(task, error)
                        queue.again(task.name, task.item, time.monotonic() + spacing_s)
                        continue
                    crew.losses.pop(task.name, None)
                    # When it was handed out says little: the worker may have been about to start.
                    queue.done(task.name, time.monotonic() - seconds)
                    yield cast(Result, result)
        finally:
            crew.dismiss()


class _Worker:
    """Runs on a node; its methods run in as many threads as the actor has."""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn

    def do(self, item: Any) -> tuple[Any, float]:
        """The result, and the seconds it took."""
        begun = time.monotonic()
        return self._fn(item), time.monotonic() - begun


class _Crew(Generic[Item]):
    """One worker a node, and what each is at."""

    def __init__(self, fn: Callable[[Item], Any], threads: int) -> None:
        self.running: dict[Any, _Task[Item]] = {}
        self._fn = ray.put(fn)
        self._threads = threads
        self._workers: dict[str, Any] = {}
        self.losses: Counter[Hashable] = Counter()
        """Of the item that each key is at."""
        self._looked = float("-inf")

    def recruit(self) -> None:
        """Give every node that has come a worker.

        Raises:
            SetupError: there are no nodes.
        """
        if self._workers and time.monotonic() < self._looked + _LOOK_S:
            return
        self._looked = time.monotonic()
        for node in living_nodes():
            if node.id not in self._workers:
                self._workers[node.id] = self._hire(node.id)

    def start(self, queue: KeyedQueue[Item]) -> None:
        """Hand out items while there are idle threads; the least busy node comes first."""
        busy = Counter(task.node for task in self.running.values())
        while self._workers:
            node = min(self._workers, key=lambda name: busy[name])
            taken = queue.take(time.monotonic()) if busy[node] < self._threads else None
            if taken is None:
                return
            name, item = taken
            worker = self._workers[node]
            self.running[worker.do.remote(item)] = _Task(name, item, node, worker)
            busy[node] += 1

    def finished(self, next_start: float | None) -> list[Any]:
        """Waits until something is done, something may start, or it is time to look for nodes."""
        pause = _LOOK_S
        if next_start is not None and len(self.running) < self._threads * len(self._workers):
            pause = min(pause, max(0.0, next_start - time.monotonic()))
        if not self.running:
            time.sleep(pause)
            return []
        done, _ = ray.wait(list(self.running), timeout=pause)
        return list(done)

    def lose(self, task: _Task[Item], error: RayError) -> None:
        """The task's worker is gone.

        Raises:
            SetupError: it never came about.
            EngineFault: not the first time with this item.
        """
        if getattr(error, "actor_init_failed", False):
            raise SetupError(
                "a node of the cluster cannot do this work; does it have the same doc2tweet?"
            )
        if self._workers.get(task.node) is task.worker:  # else its node has another by now
            del self._workers[task.node]
            _log.warning("a worker on node %s was lost: %s", task.node, error)
        self.losses[task.name] += 1
        if self.losses[task.name] == _MAX_LOSSES:
            raise EngineFault(f"{_MAX_LOSSES} workers died while at the same item: {error}")

    def dismiss(self) -> None:
        for worker in self._workers.values():
            ray.kill(worker)

    def _hire(self, node: str) -> Any:
        place = NodeAffinitySchedulingStrategy(node, soft=False)
        actor = ray.remote(_Worker).options(
            max_concurrency=self._threads, scheduling_strategy=place, num_cpus=1
        )
        return actor.remote(self._fn)
