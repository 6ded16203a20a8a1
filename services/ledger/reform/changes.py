"""What one policy file says otherwise than another, path by path, and in words for whoever decides."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from services.ledger.reform.patches import is_dated, named_path
from services.policy.words import Speech

_BESIDE = frozenset({"document", "readings", "title"})
"""What says nothing of money."""


class Change(NamedTuple):
    """A path, what the file of today has there, and what the other one has; None: nothing. `label`: of the benefit, pool or category that it lies in."""

    path: str
    label: Mapping[str, str] | None
    before: Any
    after: Any

    def words(self, speech: Speech) -> str:
        """In a line."""
        name = "" if self.label is None else f"（{self.label['zh']}）" if speech.lang == "zh" else f" ({self.label['en']})"
        was, now = _said(self.before, speech), _said(self.after, speech)
        return speech.pick(f"{self.path}{name}：由 {was} 改为 {now}", f"{self.path}{name}: {now} instead of {was}")

    def told(self) -> Mapping[str, Any]:
        """For JSON."""
        return {"path": self.path, "label": self.label, "before": self.before, "after": self.after}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every difference of two files' data, their readings resolved, in the order of the second file."""
    kept = [key for key in (*after, *(key for key in before if key not in after)) if key not in _BESIDE]
    return tuple(change for key in kept for change in _apart(before, after, (key,), before.get(key), after.get(key), None))


def _apart(
    one: Mapping[str, Any], other: Mapping[str, Any], path: tuple[str, ...], before: Any, after: Any, label: Mapping[str, str] | None
) -> Iterator[Change]:
    if before == after:
        return
    pairs = _pairs(before, after)
    if pairs is None:
        yield Change(named_path(other if after is not None else one, path), label, before, after)
        return
    for known in (after, before):
        if isinstance(known, Mapping) and isinstance(known.get("label"), Mapping):
            label = known["label"]
            break
    for key, (was, now) in pairs.items():
        yield from _apart(one, other, (*path, key), was, now, label)


def _pairs(before: Any, after: Any) -> dict[str, tuple[Any, Any]] | None:
    """What of two mappings, or of two lists of things with ids, belongs together; None where they are looked at as a whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and not (is_dated(before) or is_dated(after)):
        return {key: (before.get(key), after.get(key)) for key in (*after, *(key for key in before if key not in after))}
    if (
        isinstance(before, list)
        and isinstance(after, list)
        and len(before) == len(after)
        and any(isinstance(item, Mapping | list) for item in after)
    ):
        return {str(place): pair for place, pair in enumerate(zip(before, after, strict=True))}
    return None


def _said(value: Any, speech: Speech) -> str:
    """A value as people read it."""
    if value is None:
        return speech.pick("无", "none")
    if is_dated(value):
        told = [speech.pick(f"自{day}起 {_said(figure, speech)}", f"{_said(figure, speech)} from {day}") for day, figure in value.items()]
        return speech.pick("，", ", ").join(told)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_said(item, speech)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_said(item, speech) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
