"""Each service of a site whose folder has a faulty file is built all the same, and tells."""

import importlib
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.console.settings import ConsoleSettings
from services.policy.tree import PolicyError, ReadingError

SERVICES = ("identity", "settlement", "monitoring", "console")


def built(service: str, folder: Path, readings: str = "") -> list[tuple[object, object]]:
    """What is said while a service is wired: region and fault of each error."""
    settings = ConsoleSettings.from_env({"MEDAID_POLICIES": str(folder), "MEDAID_READINGS": readings})
    with capture_logs() as told:
        importlib.import_module(f"services.{service}.app").build(settings)
    return [(line.get("region"), line.get("fault")) for line in told if line["log_level"] == "error"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_faulty_policy_ends_nobody(tmp_path: Path, service: str) -> None:
    (tmp_path / "wuxi.yaml").write_text("id: wuxi\nid: wuxi\n")
    fault = f"{tmp_path}/wuxi.yaml:2: id: a key only once"
    assert built(service, tmp_path, "suzhou.rounding=down,wuxi.rounding=down") == [("wuxi", fault), ("wuxi", None)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_regions_faulty_thresholds_concern_monitoring_alone(tmp_path: Path, service: str) -> None:
    (tmp_path / "wuxi.thresholds.yaml").write_text("checked_on: 2026-01-01\nnear: 1\n")
    fault = f"{tmp_path}/wuxi.thresholds.yaml:2: near: no such key"
    assert built(service, tmp_path) == ([("wuxi", fault), ("wuxi", None)] if service == "monitoring" else [])


def test_what_concerns_every_region_ends_who_needs_it(tmp_path: Path) -> None:
    """Thresholds of all regions, of monitoring; a reading, and a folder that is none, of each."""
    (tmp_path / "thresholds.yaml").write_text("[]")
    assert built("settlement", tmp_path) == []
    with pytest.raises(PolicyError, match=r"thresholds\.yaml:1: \(file\): a mapping"):
        built("monitoring", tmp_path)
    with pytest.raises(ReadingError):
        built("settlement", tmp_path, "wuxi.nothing=1")
    with pytest.raises(PolicyError, match="a folder of policy files"):
        built("identity", tmp_path / "nowhere")
