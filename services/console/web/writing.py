"""The pages' templates, and how they write amounts, times and whatever somebody else wrote."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from schemas.foreign import visible, visible_lines
from schemas.money import yuan_text
from schemas.times import instant_ns, local_day
from services.runtime.letters import LOCAL

HERE = Path(__file__).parent


def templates() -> Environment:
    """The pages' templates. What they name and nobody gave is an error; everything is escaped, and stands on one line with nothing unseen in it."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    environment.filters |= {"yuan": yuan_grouped, "moment": local_time, "at": day_of_ms, "lines": in_lines}
    return environment


def in_lines(text: str) -> Markup:
    """A text that has lines, such as a payload, in a place that shows them."""
    return escape("\n".join(visible_lines(text)))


def _seen(value: Any) -> Any:
    """What a template shows, as it is shown: markup is the templates' own."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def local_now() -> datetime:
    """The time in +08:00."""
    return datetime.now(LOCAL)


def yuan_grouped(fen: int) -> str:
    """An amount in yuan with two decimals and commas: 123456 is "1,234.56"."""
    whole, _, decimals = yuan_text(fen).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}.{decimals}"


def local_time(instant: str) -> str:
    """An instant as an event carries it, in +08:00, to the minute."""
    instant_number = instant_ns(instant)
    minutes = (instant_number // 60_000_000_000 + 8 * 60) % (24 * 60)
    return f"{local_day(instant_number)} {minutes // 60:02d}:{minutes % 60:02d}"


def day_of_ms(at_ms: int) -> str:
    """When Kafka wrote something (milliseconds since 1970), in +08:00, to the second; a dash where it did not say."""
    return datetime.fromtimestamp(at_ms / 1000, LOCAL).strftime("%Y-%m-%d %H:%M:%S") if at_ms > 0 else "–"
