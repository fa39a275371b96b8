"""A Ray cluster of several local nodes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

ray = pytest.importorskip("ray", reason="the extra `cluster` is not installed")


@pytest.fixture(scope="module")
def whole_cluster() -> Iterator[Any]:
    """A head that computes nothing. Gone with its module: a cluster is found by whoever looks for
    one on this machine, so tests that start their own would join it."""
    from ray.cluster_utils import Cluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        head = {"num_cpus": 0, "include_dashboard": False}
        made = Cluster(initialize_head=True, head_node_args=head)
        ray.init(address=made.address, log_to_driver=False)
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
