"""The dashboard asks for metrics that there are, in expressions that Prometheus reads, and no panel lies upon another."""

import json
import re
from pathlib import Path
from typing import Any

from deploy.dashboard import ROWS, TARGET, WIDTH, expressions, text
from tests.unit.deploy.promtool import NAMES, check_expressions, names_in

PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(TARGET.read_text("utf-8"))["panels"]
    return found


def filled(expression: str) -> str:
    """As Grafana asks it."""
    return expression.replace("$service", ".*").replace("$__rate_interval", "1m")


def test_it_is_not_stale() -> None:
    assert TARGET.read_text("utf-8") == text(), "make generate writes it anew"


def test_every_expression_can_be_read(tmp_path: Path) -> None:
    asked = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    assert asked == expressions()
    assert check_expressions([filled(one) for one in asked], tmp_path) == ""
    assert check_expressions([filled(one) for one in [*asked, "sum by (service (medaid_lanes)"]], tmp_path) != "", (
        "and one that cannot is found"
    )


def test_every_metric_is_declared() -> None:
    assert {name for one in expressions() for name in names_in(one)} <= NAMES | PROCESS


def test_every_metric_of_ours_that_a_person_needs_is_shown() -> None:
    """What only rules, or other figures, need is left out."""
    left_out = {
        "medaid_batches_total",
        "medaid_lane_takes_total",
        "medaid_last_batch_timestamp_seconds",
        "medaid_alive_timestamp_seconds",
        "medaid_live",
        "medaid_lane_away_seconds",
    }
    shown = {re.sub("_(bucket|sum|count)$", "", name) for one in expressions() for name in names_in(one)}
    ours = {re.sub("_(bucket|sum|count)$", "", name) for name in NAMES if name.startswith("medaid_")}
    assert ours - shown == left_out


def test_the_labels_of_legends_are_kept_by_their_expressions() -> None:
    """A legend that names a label which was added up shows nothing."""
    for row in ROWS.values():
        for panel in row:
            for legend, expression in panel.asks:
                kept = re.findall(r"by \(([\w, ]+)\)", expression)
                if kept and not expression.startswith("medaid_"):
                    assert set(re.findall(r"{{(\w+)}}", legend)) <= set(kept[0].split(", ")), (panel.title, legend)


def test_no_panel_lies_upon_another() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        own = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert max(x for x, _ in own) < WIDTH
        assert not own & cells, panel["title"]
        cells |= own
    assert len({panel["id"] for panel in panels()}) == len(panels())
