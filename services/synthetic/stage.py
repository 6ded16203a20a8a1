"""What the scenes of the cast share: people with a status, stays and visits of a sure effect.

In: a script and the city's cases. Out: events, noted in the script. Not here: the scenes (`cast_*.py`).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from services.synthetic import statuses
from services.synthetic.bills import YUAN, bill_leaving, spread
from services.synthetic.probe import Casebook
from services.synthetic.script import Person, Script, Sent
from services.synthetic.visits import Visit, submit
from services.synthetic.world import City

USUAL = 24_000 * YUAN
"""Self-pay of a serious stay, in fen: enough for any deductible we know of."""


@dataclass(frozen=True)
class Stage:
    """Where scenes play. A scene is a function of it."""

    script: Script
    book: Casebook

    @property
    def city(self) -> City:
        """The city."""
        return self.script.city

    @property
    def rng(self) -> Random:
        """The only source of chance."""
        return self.script.rng

    def assisted(self, category: str | None = None, since: date | None = None, age: int | None = None, on: date | None = None) -> Person:
        """Somebody with a status, by default the best one and since the year began; `age` years old `on` a day."""
        person = self.script.person(age, on)
        statuses.grant(self.script, person, category or self.book.best, since or self.city.first)
        return person

    def stay(
        self, person: Person, last: date, nights: int = 8, self_pay: int | None = None, visit: Visit | None = None, late: int = 0
    ) -> Sent:
        """A stay up to `last` that leaves a serious self-pay."""
        left = self_pay if self_pay is not None else spread(self.rng, USUAL)
        return submit(self.script, person, visit or Visit(), bill_leaving(left), last, nights=nights, lag=self.rng.randint(1, 3), late=late)

    def visit(self, person: Person, day: date, visit: Visit | None = None, self_pay: int | None = None, late: int = 0) -> Sent:
        """A visit on `day`, by default an ordinary outpatient one, that leaves a small self-pay."""
        left = self_pay if self_pay is not None else spread(self.rng, 160 * YUAN)
        return submit(self.script, person, visit or Visit("outpatient"), bill_leaving(left), day, lag=self.rng.randint(0, 2), late=late)

    def day(self, begin_percent: int = 15, end_percent: int = 70) -> date:
        """A day somewhere in the year, by default with room before and after it."""
        return self.city.day(self.rng, begin_percent, end_percent)


def days(number: int) -> timedelta:
    """So many days."""
    return timedelta(days=number)
