"""Every condition of a policy file, wherever it stands."""

from collections.abc import Iterator

from services.policy.benefits import Benefit, When
from services.policy.model import PolicyFile


def within(when: When | None) -> Iterator[When]:
    """A condition and those inside it."""
    if when is not None:
        yield when
        for inner in when.any_of or ():
            yield from within(inner)


def of_benefit(benefit: Benefit) -> Iterator[When]:
    """The conditions of a benefit and of its modifiers, those inside them too."""
    for when in (benefit.when, benefit.unless, *(change.when for change in benefit.modifiers)):
        yield from within(when)


def of_file(file: PolicyFile) -> Iterator[When]:
    """Every condition of every rule."""
    for when in (*(rule.when for rule in file.reclass), *(bar.when for bar in file.bars), *(pool.when for pool in file.pools.values())):
        yield from within(when)
    for benefit in file.benefits:
        yield from of_benefit(benefit)
