"""Readings as a site or an operator writes them: `region.name=value`, several by commas."""

from collections.abc import Iterable

from services.policy.library import Switched
from services.policy.tree import PolicyError, Reading, reading_value


def switched_readings(texts: Iterable[str]) -> Switched:
    """The readings that `texts` switch, by region and name; whether they exist is the loader's to say.

    Raises:
        PolicyError: Not of the form.
    """
    switched: dict[str, dict[str, Reading]] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        if not part:
            continue
        place, equals, value = part.partition("=")
        region, dot, name = place.partition(".")
        if not (equals and dot and region and name):
            raise PolicyError(f"{part}: expected region.reading=value")
        switched.setdefault(region.strip(), {})[name.strip()] = reading_value(value.strip())
    return switched
