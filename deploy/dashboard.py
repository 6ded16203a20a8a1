"""`python -m deploy.dashboard`: write `deploy/grafana/medaid.json`, the dashboard for Grafana, from the rows below; `--check` tells whether it is stale.

In: what each panel asks of Prometheus, in the order in which one looks. Out: JSON that Grafana 10 or later imports, with the data source as a variable.
Not here: what the metrics mean (`docs/metrics.md`), and who is told of what (`prometheus/alerts.yaml`).
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas import generated

TARGET = Path(__file__).parent / "grafana/medaid.json"
Tree = dict[str, Any]
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDTH: Final = 24
S: Final = 'service=~"$service"'


class Panel(NamedTuple):
    """One panel. `asks`: what each of its lines is called, as Grafana fills it in, and the expression; `bad_from`: from there on a figure is red."""

    title: str
    asks: Sequence[tuple[str, str]]
    unit: str = "short"
    width: int = 8
    kind: str = "timeseries"
    bad_from: float | None = None


def stat(title: str, expression: str, unit: str = "short", bad_from: float | None = None) -> Panel:
    """One figure, of now."""
    return Panel(title, [("", expression)], unit, 4, "stat", bad_from)


def moved(by: str, metric: str, how: str = "increase") -> str:
    """How much a counter rose since the last point, or a second (`rate`)."""
    return f"sum by ({by}) ({how}({metric}{{{S}}}[$__rate_interval]))"


def quantile(share: float, metric: str) -> str:
    """A share of batches is done within so many seconds."""
    return f"histogram_quantile({share}, sum by (service, le) (rate({metric}_bucket{{{S}}}[$__rate_interval])))"


ROWS: Final[dict[str, Sequence[Panel]]] = {
    "Is all well? 是否正常": [
        stat("Alerts firing 告警", 'count(ALERTS{alertname=~"Medaid.*", alertstate="firing"}) or vector(0)', bad_from=1),
        stat("Processes not ready 未就绪", "count(medaid_ready == 0) or vector(0)", bad_from=1),
        stat("Lanes not settling 停滞分区", 'sum(max by (service) (medaid_lanes)) - sum(medaid_lane_state{state="running"})', bad_from=1),
        stat("Longest lag 最长滞后", "max(medaid_lag_seconds)", "s", 300),
        stat("Redis used 内存占用", "max(medaid_redis_used_bytes / medaid_redis_max_bytes)", "percentunit", 0.8),
        stat("Results in an hour 每小时结算", "sum(increase(medaid_settled_total[1h]))"),
    ],
    "Lanes 分区": [
        Panel("Lag: age of the oldest record 滞后", [("{{service}} {{lane}}", f"medaid_lag_seconds{{{S}}}")], "s"),
        Panel("Lag: records 积压", [("{{service}} {{lane}}", f"medaid_lag_records{{{S}}}")]),
        Panel("Not running 非运行状态", [("{{service}} {{lane}}: {{state}}", f'medaid_lane_state{{{S}, state!="running"}} == 1')]),
        Panel("Records settled 处理速度", [("{{service}}", moved("service", "medaid_records_read_total", "rate"))], "cps"),
        Panel("A batch 批次耗时", [("{{service}} 99%", quantile(0.99, "medaid_batch_seconds"))], "s"),
        Panel("A transaction 提交耗时", [("{{service}} 99%", quantile(0.99, "medaid_commit_seconds"))], "s"),
        Panel("Doubts 存疑", [("{{service}}: {{kind}}", moved("service, kind", "medaid_doubts_total") + " > 0")]),
        Panel("Gate closed 等待重建", [("{{service}} {{lane}}", f"medaid_gate_closed_seconds{{{S}}}")], "s"),
        Panel("Records healed 重建记录", [("{{service}}", moved("service", "medaid_records_healed_total"))]),
    ],
    "Settlement 结算": [
        Panel("Outcome 结果", [("{{event}} {{outcome}}", "sum by (event, outcome) (rate(medaid_settled_total[$__rate_interval]))")], "cps"),
        Panel(
            "Not assisted, by reason 未救助原因",
            [("{{reason}}", 'sum by (reason) (increase(medaid_settled_total{outcome="not_assisted"}[1h]))')],
        ),
        Panel(
            "Late news, and records in a wrong partition 迟到与错分区",
            [
                ("late: {{topic}}", "sum by (topic) (increase(medaid_late_events_total[1h]))"),
                ("{{topic}}", 'sum by (topic) (increase(medaid_records_written_total{topic=~".*rerouted.*"}[1h]))'),
            ],
        ),
    ],
    "Dead letters 死信": [
        Panel("By topic 按主题", [("{{topic}}", "sum by (topic) (increase(medaid_dead_letters_total[1h]))")]),
        Panel("By reason 按原因", [("{{reason}}", "sum by (reason) (increase(medaid_dead_letters_total[1h]))")]),
        Panel("Regions with faulty files 文件有误的地区", [("{{region}}", "max by (region) (medaid_region_faulty) > 0")]),
    ],
    "Redis 缓存": [
        Panel("Views 视图", [("{{service}} format {{format}}", f"medaid_redis_view_bytes{{{S}}}")], "bytes", 12),
        Panel("All of it 总量", [("used", "max(medaid_redis_used_bytes)"), ("at most", "max(medaid_redis_max_bytes)")], "bytes", 12),
    ],
    "Warnings 预警": [
        Panel("Open, by level 未处理", [("{{level}}", 'sum by (level) (medaid_open_warnings{state="open"})')], width=12),
        Panel("Standing, by kind 按类型", [("{{kind}}", "sum by (kind) (medaid_open_warnings)")], width=12),
    ],
    "Processes 进程": [
        Panel("Processor 处理器", [("{{instance}}", 'rate(process_cpu_seconds_total{job="medaid"}[$__rate_interval])')], "percentunit"),
        Panel("Memory 内存", [("{{instance}}", 'process_resident_memory_bytes{job="medaid"}')], "bytes"),
        Panel(
            "Certificates end in 证书剩余", [("{{variable}}", "min by (variable) (medaid_certificate_end_timestamp_seconds) - time()")], "s"
        ),
    ],
}
"""From above: what one sees first."""


def expressions() -> list[str]:
    """All that is asked of Prometheus."""
    return [expression for panels in ROWS.values() for panel in panels for _, expression in panel.asks]


def dashboard() -> Tree:
    """The document."""
    return {
        "uid": "medaid",
        "title": "medaid 医疗救助",
        "tags": ["medaid"],
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "schemaVersion": 39,
        "editable": True,
        "templating": {"list": [_variable("datasource", "datasource", "prometheus"), _services()]},
        "panels": list(_panels()),
    }


def _variable(name: str, kind: str, query: str) -> Tree:
    return {"name": name, "type": kind, "query": query, "label": name, "hide": 0}


def _services() -> Tree:
    query = "label_values(medaid_lanes, service)"
    return {
        **_variable("service", "query", query),
        "datasource": SOURCE,
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels() -> Iterator[Tree]:
    number, y = 0, 0
    for title, panels in ROWS.items():
        yield {
            "id": (number := number + 1),
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": _place(0, y, WIDTH, 1),
        }
        x, y = 0, y + 1
        for panel in panels:
            height = 4 if panel.kind == "stat" else 8
            if x + panel.width > WIDTH:
                x, y = 0, y + height
            yield _panel(number := number + 1, panel, _place(x, y, panel.width, height))
            x += panel.width
        y += height


def _place(x: int, y: int, width: int, height: int) -> Tree:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(number: int, panel: Panel, place: Tree) -> Tree:
    steps: list[Tree] = [{"color": "green", "value": None}]
    if panel.bad_from is not None:
        steps.append({"color": "red", "value": panel.bad_from})
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "gridPos": place,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}, "overrides": []},
        "targets": [
            {"refId": chr(65 + index), "datasource": SOURCE, "expr": expression, "legendFormat": legend, "instant": panel.kind == "stat"}
            for index, (legend, expression) in enumerate(panel.asks)
        ],
    }


def text() -> str:
    """The file's text."""
    return json.dumps(dashboard(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(generated.main({TARGET: text()}, (), sys.argv[1:], "python -m deploy.dashboard"))
