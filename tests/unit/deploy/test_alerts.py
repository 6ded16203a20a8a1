"""Alerts: each fires in its case, alone, and none in a healthy hour or an idle night, as both were recorded from a real run."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from services.runtime.errors import DoubtKind
from tests.unit.deploy.promtool import NAMES, RULES, alerts, asked_for, check_expressions, expressions, names_in, promtool
from tests.unit.deploy.recording import APART_S, LANES, SERVICES, TARGET

ROOT = RULES.parents[2]
BUSY, NIGHT = 60, 240
"""Minutes."""


class Case(NamedTuple):
    """A fault: series over the healthy hour's (None: they are gone), the minute to look at, who must be told besides."""

    faulty: Mapping[str, str | None]
    minute: int
    also: Sequence[str] = ()


def lane(name: str, **labels: str) -> str:
    """A series of settlement's lane 0."""
    told = {"instance": "settlement:8080", "job": "medaid", "lane": "0", "service": "settlement", **labels}
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in sorted(told.items())) + "}"


def service(name: str, **labels: str) -> str:
    """A series of settlement."""
    return lane(name, **labels).replace('lane="0",', "")


def doubts(kind: DoubtKind) -> str:
    return lane("medaid_doubts_total", kind=kind)


def letters(reason: str) -> str:
    return lane("medaid_dead_letters_total", topic="hospital.claims.v1", reason=reason)


CASES: Mapping[str, Case] = {
    "MedaidServiceDown": Case({service("up"): "1x5 0x20"}, 8),
    "MedaidServiceGone": Case({'*service="settlement"': None}, 6),
    "MedaidRestarting": Case({service("process_start_time_seconds"): "0x5 300x5 600x5 900x20"}, 20),
    "MedaidNotLive": Case({service("medaid_live"): "1x5 0x20"}, 8),
    "MedaidLaneUnowned": Case({'*lane="1",service="settlement"': None}, 6),
    "MedaidLaneAway": Case({lane("medaid_lane_away_seconds"): "0x5 60+60x30"}, 22),
    "MedaidGateClosed": Case({lane("medaid_gate_closed_seconds"): "0x5 60+60x30"}, 22),
    "MedaidKafkaAway": Case({doubts("kafka"): "0x5 1+1x30"}, 14),
    "MedaidRedisAway": Case({doubts("redis"): "0x5 4+4x30"}, 14),
    "MedaidTransactionHangs": Case({doubts("undecided"): "0x5 1+1x30"}, 18),
    "MedaidForeignWriter": Case({doubts("foreign"): "0x5 1x30"}, 7),
    "MedaidViewUnreadable": Case({doubts("unreadable"): "0x5 1x30"}, 7),
    "MedaidMistake": Case({doubts("mistake"): "0x5 1x30"}, 7),
    "MedaidDoubtsMany": Case({doubts("fenced"): "0x5 2+2x30"}, 28),
    "MedaidSlowBatches": Case({'*medaid_batch_seconds_bucket{instance="settlement:8080"': "slow"}, 40),
    "MedaidLagging": Case({lane("medaid_lag_seconds"): "0x5 60+60x60"}, 25),
    "MedaidLaggingFar": Case({lane("medaid_lag_seconds"): "15000+60x60"}, 12, ("MedaidLagging",)),
    "MedaidLagUnknown": Case({lane("medaid_lag_seconds"): None}, 12),
    "MedaidProcessingFailed": Case({letters("processing_failed"): "0x5 1x30"}, 7),
    "MedaidRegionFaulty": Case({service("medaid_region_faulty", region="wuxi"): "1x30"}, 7),
    "MedaidRegionUnknown": Case({letters("unknown_region"): "0+100x60"}, 30),
    "MedaidDeadLetters": Case({letters("malformed_json"): "0+1000x60"}, 30),
    "MedaidRedisFull": Case({service("medaid_redis_used_bytes"): "85x30", service("medaid_redis_max_bytes"): "100x30"}, 12),
    "MedaidRedisFullSoon": Case({service("medaid_redis_used_bytes"): "97x30", service("medaid_redis_max_bytes"): "100x30"}, 4),
    "MedaidCertificateEnds": Case({service("medaid_certificate_end_timestamp_seconds", variable="KAFKA_SSL_CERTFILE"): "1728000x30"}, 2),
    "MedaidCertificateEndsSoon": Case(
        {service("medaid_certificate_end_timestamp_seconds", variable="KAFKA_SSL_CERTFILE"): "172800x30"}, 2, ("MedaidCertificateEnds",)
    ),
}

OTHERWISE: Mapping[str, Case] = {
    "Kafka answers no fetch of a lane at rest": Case({lane("medaid_lane_state", state="deaf"): "0x5 1x30"}, 12, ("MedaidKafkaAway",)),
    "one refused record in a hundred": Case({letters("invalid_amounts"): "0+1x60"}, 50),
    "a worker killed, its lane healed within minutes": Case(
        {lane("medaid_lane_away_seconds"): "0x5 60+60x9 0x40", doubts("fenced"): "0x5 1x50"}, 20
    ),
    "an hour of a backfill's lag, caught up": Case({lane("medaid_lag_seconds"): "0x5 200x50"}, 40),
}
"""Who must be told here stands in `also`; nobody else."""

FAULTS: Mapping[str, Sequence[str]] = {
    "a worker dies before the commit": ["MedaidServiceDown", "MedaidServiceGone"],
    "a worker dies between commit and apply": ["MedaidServiceDown", "MedaidServiceGone"],
    "a zombie wakes up": ["MedaidDoubtsMany"],
    "redelivery, offsets reset": [],
    "Redis empty, old, cut, restarted": ["MedaidRedisAway", "MedaidGateClosed", "MedaidLaneAway"],
    "Redis emptied without a restart": ["MedaidGateClosed", "MedaidLaneAway"],
    "Sentinel makes a replica the primary, which lacks the last writes": ["MedaidRedisAway", "MedaidGateClosed", "MedaidLaneAway"],
    "a former primary lives on, and some still take it for the primary": ["MedaidDoubtsMany"],
    "a region's policy files have faults": ["MedaidRegionFaulty"],
    "a right in Kafka or Redis is missing, from the start or taken away": ["MedaidKafkaAway", "MedaidRedisAway", "MedaidLaneUnowned"],
    "a broker killed and back calls the ledger decided only up to some offset before its end": [
        "MedaidTransactionHangs",
        "MedaidKafkaAway",
    ],
    "an upgrade, a way back, lanes going to and fro between versions": ["MedaidGateClosed", "MedaidLaneUnowned"],
    "a document is damaged, or of another form than its number says": ["MedaidViewUnreadable"],
    "two persons use one claim key": ["MedaidDeadLetters"],
    "a year cannot be settled anew when late truth comes (its edition's file is gone, a mistake of ours)": ["MedaidProcessingFailed"],
    "a region's policy file is gone altogether": ["MedaidRegionUnknown"],
    "Kafka deletes input that nobody has read": ["MedaidLaggingFar", "MedaidRestarting", "MedaidServiceDown"],
    "a topic's settings are not ours": ["MedaidRestarting", "MedaidServiceDown"],
    "a Redis that may evict keys": ["MedaidRestarting", "MedaidServiceDown", "MedaidRedisFull"],
    "a poison record": ["MedaidDeadLetters"],
    "a topic that is kept for ever has lost its front (retention, delete-records), or was restored in part": [
        "MedaidRestarting",
        "MedaidServiceDown",
    ],
    "somebody else writes into a topic that one lane alone writes": ["MedaidForeignWriter"],
    "a batch that would take longer than a session (hundreds of reversals in one long year, thousands of events of one person)": [
        "MedaidSlowBatches"
    ],
}
"""Each line of ARCHITECTURE.md's table of what may happen, and who is told of it where it does not pass by itself; nobody where it always does."""


def recorded() -> Mapping[str, Sequence[float | None]]:
    """The series of a real run: two scrapes at work, two at rest."""
    found: dict[str, Sequence[float | None]] = json.loads(TARGET.read_text("utf-8"))
    return found


def values(name: str, begins: float | None, ends: float | None, minutes: int) -> str:
    """A series over so many minutes: a counter rises as it did between two scrapes, a gauge goes to and fro."""
    if ends is None:
        return f"_x{minutes}"
    before = ends if begins is None else begins
    if re.match(r"\w+_(total|bucket|count|sum)\b", name):
        return f"{before}+{(ends - before) * 60 / APART_S}x{minutes}"
    if "_timestamp_" in name and ends != before:
        return f"0+60x{minutes}"
    return " ".join(str(before if minute % 2 else ends) for minute in range(minutes + 1))


def healthy(minutes: int, first: int) -> dict[str, str]:
    """Every series at work (0) or at rest (2)."""
    return {name: values(name, found[first], found[first + 1], minutes) for name, found in recorded().items()}


def faulty(case: Case) -> dict[str, str]:
    """The healthy hour with one fault in it."""
    found = healthy(case.minute, 0)
    for name, shape in case.faulty.items():
        for hit in [known for known in found if name[1:] in known] if name.startswith("*") else [name]:
            if shape is None:
                found.pop(hit)
            elif shape == "slow":
                found[hit] = "0+10x60" if re.search(r'le="(10.0|30.0|\+Inf)"', hit) else "0x60"
            else:
                found[hit] = shape
    return found


def trial(name: str, found: Mapping[str, str], looks: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    """A test as promtool reads it: who is told in which minute, and nobody else."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": name, "values": shape} for name, shape in found.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(told)],
            }
            for minute, told in looks.items()
        ],
    }


def tried(folder: Path, trials: Sequence[Mapping[str, Any]], rules: Path = RULES) -> str:
    """What promtool finds otherwise than was expected. JSON is YAML."""
    path = folder / "alerts.test.yaml"
    path.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": list(trials)}), "utf-8")
    done = promtool("test", "rules", path)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_rules_and_the_example_of_a_configuration_can_be_read() -> None:
    for what, name in (("rules", "alerts.yaml"), ("config", "prometheus.yaml")):
        done = promtool("check", what, RULES.with_name(name))
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_in_its_case_and_no_other_does(tmp_path: Path) -> None:
    trials = [trial(name, faulty(case), {case.minute: [name, *case.also]}) for name, case in CASES.items()]
    assert tried(tmp_path, trials) == ""


def test_what_passes_by_itself_is_told_to_nobody(tmp_path: Path) -> None:
    assert tried(tmp_path, [trial(name, faulty(case), {case.minute: case.also}) for name, case in OTHERWISE.items()]) == ""


def test_an_alert_that_does_not_fire_and_one_too_many_are_found(tmp_path: Path) -> None:
    case = CASES["MedaidLaggingFar"]
    assert "MedaidRestarting" in tried(
        tmp_path, [trial("", faulty(case), {case.minute: ["MedaidLaggingFar", "MedaidLagging", "MedaidRestarting"]})]
    )
    assert "MedaidLagging" in tried(tmp_path, [trial("", faulty(case), {case.minute: ["MedaidLaggingFar"]})])


def test_nobody_is_told_of_a_healthy_hour_or_an_idle_night(tmp_path: Path) -> None:
    hour = trial("a healthy hour", healthy(BUSY, 0), {minute: () for minute in range(5, BUSY + 1, 5)})
    night = trial("an idle night", healthy(NIGHT, 2), {minute: () for minute in range(5, NIGHT + 1, 35)})
    assert tried(tmp_path, [hour, night]) == ""


def test_a_rule_that_is_wrong_is_found(tmp_path: Path) -> None:
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["expr"] = rule["expr"].replace("medaid_live == 0", "medaid_live == 1")
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(rules), "utf-8")
    told = tried(tmp_path, [trial("", healthy(BUSY, 0), {30: ()})], tmp_path / "wrong.yaml")
    assert "MedaidNotLive" in told


def test_each_alert_has_its_case_and_says_what_to_do_and_where() -> None:
    assert alerts().keys() == CASES.keys()
    headings = {slug(line) for line in (ROOT / "deploy/RUNBOOK.md").read_text("utf-8").splitlines() if line.startswith("#")}
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in ("critical", "warning"), name
        assert rule["annotations"].keys() == {"summary", "action", "runbook"}, name
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (page, anchor in headings) == ("deploy/RUNBOOK.md", True), (name, anchor)


def slug(heading: str) -> str:
    """What links to a heading say."""
    return re.sub(r"[^\w -]", "", heading.lstrip("# ").lower()).replace(" ", "-")


def test_each_fault_that_needs_an_operator_has_its_alert() -> None:
    assert set(FAULTS) == set(faults())
    assert {name for told in FAULTS.values() for name in told} <= alerts().keys()


def faults() -> Iterator[str]:
    """The first cells of the table in ARCHITECTURE.md."""
    _, _, rest = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("| what may happen | what holds it |\n|---|---|\n")
    for line in rest.splitlines():
        if not line.startswith("|"):
            return
        yield line.split("|")[1].strip()


def unknown(asked: Sequence[str]) -> set[str]:
    """Metrics that are asked for and not declared."""
    return {name for text in asked for name in names_in(text)} - NAMES


def test_every_metric_that_is_asked_for_is_declared() -> None:
    assert unknown(list(expressions().values())) == set()


def test_a_misspelt_metric_or_expression_is_found(tmp_path: Path) -> None:
    assert unknown(["sum(medaid_lag_second) > 3", "medaid_lag_seconds > 1"]) == {"medaid_lag_second"}
    assert "asked:0" in check_expressions(["sum(medaid_lag_seconds"], tmp_path) or "unclosed" in check_expressions(
        ["sum(medaid_lag_seconds"], tmp_path
    )


def test_the_recording_has_what_rules_ask_for() -> None:
    """Else a healthy hour would prove nothing: `python -m tests.unit.deploy.recording` makes it anew."""
    have = {name.partition("{")[0] for name in recorded()}
    assert asked_for() - have == {"medaid_certificate_end_timestamp_seconds"}
    for one in SERVICES:
        lanes = {match[1] for name in recorded() if (match := re.match(rf'medaid_lag_seconds{{.*lane="(\d)",service="{one}"', name))}
        assert len(lanes) == LANES
