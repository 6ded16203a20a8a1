"""Whether a schema changed in a way that breaks senders or readers: then its event type needs a new version in its name.

In: the released and the present schemas of an event type. Out: one line for each break. A *sender's* schema may only take more: no new required
field, no field, type, code, pattern or range taken away. A *reader's* schema may only promise more: no field or code taken away, no type or range
widened, nothing made optional; a new field or a new code of a list is no break, for readers must let unknown ones pass; nor are codes that a region
declares besides a list (`x-declared`). What we write and read
again ourselves, for ever, is both. Not here: descriptions, defaults and the order of anything, which break nobody.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from schemas.documents import is_input
from schemas.topics import load_topics

Schema = Mapping[str, Any]
EVENTS: Final = "*.v[0-9]*.json"
"""Files named by an event type; beside them lies the schema of policy files (`deploy/policy_schema.py`)."""

OURS: Final = frozenset({"console", "identity", "monitoring", "settlement"})
_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_MOST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_FIXED: Final = ("pattern", "format", "const")


def read_schemas(folder: Path) -> Mapping[str, Schema]:
    """The schemas in a folder, by event type."""
    return {path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in sorted(folder.glob(EVENTS))}


def breaks(released: Mapping[str, Schema], present: Mapping[str, Schema]) -> Sequence[str]:
    """One line for each incompatible change of any event type."""
    lines = [f"{kind}: the event type is gone" for kind in released if kind not in present]
    for kind in released.keys() & present.keys():
        if is_input(kind) or _read_again(kind):
            lines += [f"{kind}: {line}" for line in breaks_senders(released[kind], present[kind])]
        if not is_input(kind):
            lines += [f"{kind}: {line}" for line in breaks_readers(released[kind], present[kind])]
    return sorted(set(lines))


def breaks_senders(old: Schema, new: Schema) -> Sequence[str]:
    """What `old` accepted and `new` refuses."""
    return [f"{path} {change}" for path, change in _lost(_Place(old, old), _Place(new, new), "$", codes=True)]


def breaks_readers(old: Schema, new: Schema) -> Sequence[str]:
    """What `old` promised and `new` does not: what it may write now and did not, and fields and codes that will come no more."""
    widened = [f"{path} {change}" for path, change in _lost(_Place(new, new), _Place(old, old), "$", codes=False)]
    gone = [f"{path} {change}" for path, change in _gone(_Place(old, old), _Place(new, new), "$")]
    return widened + gone


def _read_again(kind: str) -> bool:
    """Whether a service of ours reads what we write of this type."""
    return any(kind in topic.events and OURS.intersection(topic.readers) for topic in load_topics().values())


class _Place:
    """A schema within its document, references followed."""

    def __init__(self, root: Schema, schema: Schema) -> None:
        while "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
        self.root = root
        self.schema = schema

    def choices(self) -> list["_Place"]:
        """What it may be, each choice of one type."""
        if "anyOf" in self.schema:
            return [choice for part in self.schema["anyOf"] for choice in _Place(self.root, part).choices()]
        return [self]

    def at(self, schema: Schema) -> "_Place":
        """Another schema of the same document."""
        return _Place(self.root, schema)

    @property
    def type(self) -> str | None:
        """Its JSON type; None: any."""
        kind = self.schema.get("type")
        return "string" if kind is None and isinstance(self.schema.get("const"), str) else kind

    @property
    def fields(self) -> Mapping[str, Schema]:
        """Its properties."""
        fields: Mapping[str, Schema] = self.schema.get("properties", {})
        return fields


def _lost(wide: _Place, narrow: _Place, path: str, *, codes: bool) -> Iterator[tuple[str, str]]:
    """What `wide` takes and `narrow` does not; lists of codes are compared only where asked."""
    for choice in wide.choices():
        found = [list(_lost_of_choice(choice, other, path, codes=codes)) for other in narrow.choices() if other.type in {choice.type, None}]
        if not found:
            yield path, f"may no longer be {choice.type or 'anything'}" if codes else f"may now be {choice.type or 'anything'}"
        elif all(found):
            yield from min(found, key=len)


def _lost_of_choice(wide: _Place, narrow: _Place, path: str, *, codes: bool) -> Iterator[tuple[str, str]]:
    """The same of two schemas of one type."""
    old, new = wide.schema, narrow.schema
    for word in _FIXED:
        if word in new and new[word] != old.get(word):
            yield path, f"has another {word}"
    for words, tighter in ((_LEAST, 1), (_MOST, -1)):
        for word in words:
            if word in new and (word not in old or (new[word] - old[word]) * tighter > 0):
                yield path, f"has another {word}"
    if codes and "enum" in new:
        missing = sorted(set(old["enum"]) - set(new["enum"])) if "enum" in old else ["any other"]
        yield from ((path, f"may no longer be {code}") for code in missing)
    elif "enum" in new and "enum" not in old and "x-declared" not in old:
        yield path, "is a list of codes no more"
    if "items" in new:
        yield from _lost(wide.at(old.get("items", {})), narrow.at(new["items"]), f"{path}[]", codes=codes)
    yield from _lost_fields(wide, narrow, path, codes=codes)


def _lost_fields(wide: _Place, narrow: _Place, path: str, *, codes: bool) -> Iterator[tuple[str, str]]:
    """The same of an object's fields."""
    required = set(narrow.schema.get("required", ())) - set(wide.schema.get("required", ()))
    yield from ((f"{path}.{name}", "is required" if codes else "is not always given any more") for name in sorted(required))
    closed = narrow.schema.get("additionalProperties") is False
    for name, field in wide.fields.items():
        if name in narrow.fields:
            yield from _lost(wide.at(field), narrow.at(narrow.fields[name]), f"{path}.{name}", codes=codes)
        elif closed:
            yield f"{path}.{name}", "is no longer accepted"
    if closed and codes and wide.schema.get("additionalProperties", True) is not False:
        yield path, "no longer accepts other fields"
    rest = narrow.schema.get("additionalProperties")
    if isinstance(rest, dict):
        others = wide.schema.get("additionalProperties", {})
        yield from _lost(wide.at(others if isinstance(others, dict) else {}), narrow.at(rest), f"{path}.*", codes=codes)


def _gone(old: _Place, new: _Place, path: str) -> Iterator[tuple[str, str]]:
    """Fields and codes of `old` that `new` has no more."""
    for before in old.choices():
        after = [choice for choice in new.choices() if choice.type == before.type]
        codes = {code for choice in after for code in choice.schema.get("enum", ())}
        yield from ((path, f"is never {code} any more") for code in before.schema.get("enum", ()) if codes and code not in codes)
        for name, field in before.fields.items():
            now = [choice.at(choice.fields[name]) for choice in after if name in choice.fields]
            if after and not now:
                yield f"{path}.{name}", "is gone"
            for place in now:
                yield from _gone(before.at(field), place, f"{path}.{name}")
        for place in after:
            if "items" in before.schema and "items" in place.schema:
                yield from _gone(before.at(before.schema["items"]), place.at(place.schema["items"]), f"{path}[]")
