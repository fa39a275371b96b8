"""`deploy/kustomization.yaml` and what it puts together, held against the service's settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.config import as_markdown
from tests.exposed import metric_names

DEPLOY = Path(__file__).parent.parent / "deploy"
KUSTOMIZATION = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
SETTINGS = set(re.findall(r"`(DOC2TWEET_\w+)`", as_markdown()))


def objects(names: list[str]) -> list[Any]:
    return [d for name in names for d in yaml.safe_load_all((DEPLOY / name).read_text())]


def identity(found: Any) -> tuple[str, str]:
    return found["kind"], found["metadata"]["name"]


RESOURCES = {identity(d): d for d in objects(KUSTOMIZATION["resources"])}
PATCHES = objects([patch["path"] for patch in KUSTOMIZATION["patches"]])


def containers(found: Any) -> list[Any]:
    """Every container of an object, whatever kind it is."""
    spec = found.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    return list(spec.get("template", {}).get("spec", {}).get("containers", []))


def settings() -> set[str]:
    config = set(RESOURCES["ConfigMap", "doc2tweet-shared"]["data"])
    everything = [*RESOURCES.values(), *PATCHES]
    return config | {
        item["name"] for d in everything for c in containers(d) for item in c.get("env", [])
    }


def test_all_settings_exist() -> None:
    assert settings() <= SETTINGS
    assert {"DOC2TWEET_API_RATE_STORAGE", "DOC2TWEET_DRAFTS_DATABASE_URL"} <= settings()


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch["kind"])
def test_each_patch_has_something_to_patch(patch: Any) -> None:
    target = RESOURCES[identity(patch)]
    assert {c["name"] for c in containers(patch)} <= {c["name"] for c in containers(target)}


def test_replicas_follow_a_metric_that_exists() -> None:
    [metric] = next(p for p in PATCHES if "Autoscaler" in p["kind"])["spec"]["metrics"]
    name = metric["pods"]["metric"]["name"]
    assert name in metric_names()


def test_replicas_may_reach_what_they_share() -> None:
    [redis, _] = RESOURCES["NetworkPolicy", "doc2tweet-inner"]["spec"]["egress"]
    wanted = redis["to"][0]["podSelector"]["matchLabels"]
    pod = RESOURCES["Deployment", "doc2tweet-redis"]["spec"]["template"]
    assert pod["metadata"]["labels"] == wanted
    url = RESOURCES["ConfigMap", "doc2tweet-shared"]["data"]["DOC2TWEET_API_RATE_STORAGE"]
    assert ("Service", re.findall(r"//([\w-]+):", url)[0]) in RESOURCES


def test_nothing_runs_as_root() -> None:
    for found in RESOURCES.values():
        for container in containers(found):
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
