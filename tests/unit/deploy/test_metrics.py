"""docs/metrics.md lists what the code declares."""

from deploy.metrics import DECLARED, TARGET, exported, text


def test_the_list_is_not_stale() -> None:
    assert TARGET.read_text("utf-8") == text(), "make generate writes it anew"


def test_every_metric_is_listed_once() -> None:
    names = [name for figures in DECLARED.values() for figure in figures for name in exported(figure)]
    assert len(set(names)) == len(names) > 20
