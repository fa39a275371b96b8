"""The examples of `deploy/` and the Grafana board, parsed, and held against what the service is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import crossplane
import pytest
import yaml

from service.config import as_markdown
from tests.exposed import metric_names
from tests.nginx import adapted

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
PATHS = yaml.safe_load((ROOT / "openapi.yaml").read_text())["paths"]
SETTINGS = set(re.findall(r"`(DOC2TWEET_\w+)`", as_markdown()))


def objects() -> dict[str, Any]:
    """Kind -> the object of `kubernetes.yaml`."""
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


@pytest.fixture
def pod() -> Any:
    return objects()["Deployment"]["spec"]["template"]["spec"]


def test_kubernetes_objects_belong_together() -> None:
    found = objects()
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    assert found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == found["Deployment"]["metadata"]["name"]
    assert all(document["apiVersion"] for document in found.values())


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probes_ask_paths_that_are_there(pod: Any, probe: str) -> None:
    (container,) = pod["containers"]
    asked = container[probe]["httpGet"]
    assert asked["path"] in PATHS
    assert asked["port"] in {port["name"] for port in container["ports"]}


def test_the_pod_has_time_to_drain(pod: Any) -> None:
    (container,) = pod["containers"]
    env = {item["name"]: item["value"] for item in container["env"]}
    sleeps = re.search(r"sleep\((\d+)\)", container["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert sleeps is not None
    needed = int(sleeps[1]) + int(env["DOC2TWEET_DRAIN_S"]) + 10
    assert pod["terminationGracePeriodSeconds"] >= needed
    assert set(env) <= SETTINGS


def test_compose_knows_the_settings_and_gives_time_to_drain() -> None:
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["doc2tweet"]
    assert set(service["environment"]) <= SETTINGS
    grace = int(service["stop_grace_period"].removesuffix("s"))
    assert grace >= int(service["environment"]["DOC2TWEET_DRAIN_S"]) + 10
    assert (DEPLOY / service["build"]["context"] / "Dockerfile").is_file()


def test_nginx_reads_its_configuration() -> None:
    parsed = crossplane.parse(str(DEPLOY / "nginx.conf"), strict=True)
    assert parsed["errors"] == []
    assert parsed["status"] == "ok"


def test_nginx_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    assert adapted(tmp_path, "127.0.0.1:8000").check() == ""


def test_the_board_asks_for_metrics_that_exist() -> None:
    board = json.loads((ROOT / "docs" / "grafana.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked = set(re.findall(r"doc2tweet_\w+", " ".join(queries)))
    assert asked
    assert asked <= metric_names()
