"""A plausible year of a city: events as agencies and hospitals would send them, some of them late, twice or wrong. Same seed, same bytes."""

from services.synthetic.year import generate

__all__ = ["generate"]
