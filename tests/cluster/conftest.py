"""A Ray cluster of several local nodes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_voices import write_gpt2

ray = pytest.importorskip("ray", reason="the extra `cluster` is not installed")


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With `tiny-gpt2`, for all nodes."""
    folder = tmp_path_factory.mktemp("models")
    write_gpt2(folder)
    return folder


@pytest.fixture(scope="module")
def whole_cluster(models_dir: Path) -> Iterator[Any]:
    """A head that computes nothing. Gone with these tests: a cluster is found by whoever looks for
    one on this machine, so others that start their own would join it."""
    from ray.cluster_utils import Cluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A dead node is to be found out quickly; the usual is a quarter of a minute.
        system = {"health_check_period_ms": 500, "health_check_failure_threshold": 4}
        head = {"num_cpus": 0, "include_dashboard": False, "_system_config": system}
        made = Cluster(initialize_head=True, head_node_args=head)
        settings = {"env_vars": {"DOC2TWEET_MODELS_DIR": str(models_dir)}}
        ray.init(address=made.address, log_to_driver=False, runtime_env=settings)
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.fixture
def cluster(whole_cluster: Any) -> Any:
    """With two nodes that do compute."""
    while len(whole_cluster.worker_nodes) < 2:
        whole_cluster.add_node(num_cpus=1)
    whole_cluster.wait_for_nodes()
    return whole_cluster
