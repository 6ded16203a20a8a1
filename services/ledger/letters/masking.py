"""What a dead letter says of a refused record to whoever may not see whose it is: the names in it that are not ours are the sender's, and hidden.

In: a detail, a path, the name of a header. Out: the same, `?` for each name that our models do not give: a person's id or name may stand there. Not here:
values, which no refusal repeats.
"""

from typing import Final

from schemas.attributes import ATTRIBUTE_LENGTH_MAX
from schemas.documents import all_types

KNOWN_NAMES: Final = frozenset({"specversion", "data", *ATTRIBUTE_LENGTH_MAX}) | {
    name for model in all_types().values() for name in model.model_fields
}
"""Names that our own models give; another one may be anything, a person's name too."""

_OWN_STEPS: Final = frozenset({"$", "?", "value", "headers", "data_base64"})
"""Steps of a refusal's path that are our own words."""

_HEADERS: Final = frozenset(
    {"content-type", *(prefix + name for prefix in ("ce_", "ce-") for name in ("specversion", *ATTRIBUTE_LENGTH_MAX))}
)


def masked_detail(detail: str) -> str:
    """What was wrong: a path, and what was expected there."""
    path, colon, expected = detail.partition(": ")
    return masked_path(path) + colon + expected


def masked_path(path: str) -> str:
    """Where it was wrong."""
    steps = [step if step in KNOWN_NAMES | _OWN_STEPS or step.isdecimal() else "?" for step in path.split(".")]
    return ".".join(steps)


def masked_header(name: str) -> str:
    """A header's name."""
    return name if name.lower() in _HEADERS else "?"
