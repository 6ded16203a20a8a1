"""An explanation as data: sections of lines, the texts of others apart, until it is drawn on a terminal (here) or a page (`services/console`).

Promise: however an explanation is drawn, what somebody else wrote stays one piece of one line, in quotation marks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.foreign import quoted, visible


@dataclass(frozen=True, slots=True)
class Foreign:
    """What somebody else wrote: a sender's reason, an event's source and id."""

    text: str


Part = str | Foreign


@dataclass(frozen=True, slots=True)
class Line:
    """A line in its parts. `depth`: 0 for a heading, 1 for what stands below it, 2 for what stands below that."""

    parts: Sequence[Part]
    depth: int

    @property
    def text(self) -> str:
        """The line as it is read."""
        return "".join(quoted(part.text) if isinstance(part, Foreign) else visible(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and what stands below it."""

    heading: Line
    lines: Sequence[Line]


def heading(*parts: Part) -> Line:
    """A heading."""
    return Line(parts, 0)


def row(*parts: Part, depth: int = 1) -> Line:
    """A line below a heading."""
    return Line(parts, depth)


def terminal_text(sections: Iterable[Section]) -> str:
    """Sections as a terminal shows them: each line on one of its own, indented by its depth, an empty one between two sections."""
    blocks = ["\n".join("  " * line.depth + line.text for line in (one.heading, *one.lines)) for one in sections]
    return "\n\n".join(blocks) + "\n"
