"""How a city's policy looks on a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schemas.foreign import visible, visible_lines
from services.policy.decree_words import Heading, Part, Passage, Sheet


def drawn(part: Part) -> Iterator[RenderableType]:
    """What rich prints of a part."""
    match part:
        case Heading():
            yield _heading(part)
        case Sheet():
            yield _table(part)
            if part.note is not None:
                yield Text(visible(part.note))
        case Passage():
            yield _passage(part)


def _heading(part: Heading) -> Text:
    text = Text(visible(part.title), style="bold")
    text.append(f"\n{visible(part.number)}", style="not bold")
    if part.draft is not None:
        text.append(f"\n{visible(part.draft)}", style="yellow")
    text.append("".join(f"\n{visible(line)}" for line in part.lines), style="not bold")
    return text


def _table(part: Sheet) -> Table:
    table = Table(title=Text(visible(part.title)), title_justify="left", title_style="bold", show_lines=part.is_lined)
    for column in part.columns:
        table.add_column(Text(visible(column)), overflow="fold")
    for row in part.rows:
        table.add_row(*(Text("\n".join(visible_lines(cell))) for cell in row))
    return table


def _passage(part: Passage) -> Text:
    text = Text(visible(part.title if part.clause is None else f"{part.title} ({part.clause})"), style="bold")
    for sentence in part.sentences:
        text.append(f"\n  {visible(sentence)}", style="not bold")
    return text
