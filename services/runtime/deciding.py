"""Steps 1 and 3 of a batch: records in, what they lead to out, as far as the budget reaches.

Promise: what is decided is a prefix of the batch in the lane's order, and so of each of its topics; at least one record is. A record that nothing can be
made of becomes a dead letter, and the others go on. The loop breathes between two decisions, so that heartbeats and health answer however long a batch
takes. Not here: what is loaded, published and written (`lanes.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple

import structlog

from services.runtime import deadletters, reroute
from services.runtime.clock import Clock
from services.runtime.errors import Refused
from services.runtime.home import home_of
from services.runtime.records import Output, Record, Writes
from services.runtime.service import Consequence, E, Emission, Fold, Service
from services.runtime.traces import Carry

BREATH_S = 0.02
"""After so long without one the event loop gets a turn."""

OWING_MAX = 8
"""So many homes may owe a conclusion at once: each may take long, and the budget is looked at when they are done."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Budget:
    """What deciding may take in one transaction: `seconds` on the clock, `bytes` of values to publish. Whatever was begun when one is used up is finished."""

    seconds: float = 1.0
    bytes: int = 8_000_000


BUDGET = Budget()
"""A lane's, unless it is told otherwise."""


class Step(NamedTuple, Generic[E]):
    """A record of the batch, how it first lay (`origin`), and the event in it with the lane where it is at home, or why there is none."""

    record: Record
    origin: Record
    event: E | None
    home: int
    fault: Exception | None = None


class Decided(NamedTuple, Generic[E]):
    """What `steps`, the first of a batch, lead to. `late`: the topics of those that changed what had been told before."""

    steps: Sequence[Step[E]]
    outputs: list[Output]
    writes: Writes
    late: Sequence[str] = ()


class _Unclear(Exception):
    """Something went wrong that `count` records led to together; which of them is to blame nobody knows."""

    def __init__(self, count: int, error: Exception) -> None:
        super().__init__(count)
        self.count = count
        self.error = error


class _Round(Generic[E]):
    """One try at a batch: how many records were decided so far, what they led to, and which of them each home still owes a conclusion for."""

    def __init__(self, fold: Fold[E], carry: Carry) -> None:
        self.fold = fold
        self._carry = carry
        self.count = self.size = 0
        self.outputs: list[Output] = []
        self.late: list[str] = []
        self.owing: dict[str, list[Step[E]]] = {}

    def tell(self, outputs: Sequence[Output], step: Step[E]) -> None:
        """What `step` led to, behind what was told before, in its trace. A copy on its way home has the headers that came, trace and all."""
        if step.record.headers and (trace := self._carry(step.origin)):
            outputs = [output if output.headers else output._replace(headers=trace) for output in outputs]
        self.outputs += outputs
        self.size += sum(len(output.value or b"") for output in outputs)


class Decider(Generic[E]):
    """Reads and decides what one lane is given."""

    def __init__(self, service: Service[E], partition: int, partitions: int, clock: Clock, budget: Budget) -> None:
        self._service = service
        self._partition = partition
        self._partitions = partitions
        self._clock = clock
        self._budget = budget
        self._breathed_s = 0.0

    def read(self, records: Sequence[Record]) -> list[Step[E]]:
        """Step 1: the records in the lane's order, by input, then by offset, and what the bytes alone say of them."""
        order = {topic: place for place, topic in enumerate(self._service.inputs)}
        return [self._read(record) for record in sorted(records, key=lambda record: (order.get(record.topic, -1), record.offset))]

    async def decide(self, steps: Sequence[Step[E]], new_fold: Callable[[], Fold[E]], carry: Carry) -> Decided[E]:
        """Step 3. Where something goes wrong that several records led to, fewer of them are decided, until it is clear which one is to blame."""
        while True:
            try:
                return await self._decide(steps, _Round(new_fold(), carry))
            except _Unclear as unclear:
                steps = steps[: unclear.count // 2] or [steps[0]._replace(fault=unclear.error)]

    def _read(self, record: Record) -> Step[E]:
        origin = reroute.origin(record, self._service.inputs)
        try:
            event = self._service.read(origin)
        except Refused as refused:
            refused.__context__ = None  # neither what led to it nor its frames, with all that was read there, stay for as long as the batch
            return Step(record, origin, None, self._partition, refused.with_traceback(None))
        except Exception as error:
            return Step(record, origin, None, self._partition, error)
        home = self._partition if self._service.rerouted is None else home_of(event.home, self._partitions)
        return Step(record, origin, event if home == self._partition else None, home)

    async def _decide(self, steps: Sequence[Step[E]], now: _Round[E]) -> Decided[E]:
        """As many of `steps` as the budget allows. Raises: _Unclear."""
        begun_s = self._breathed_s = self._clock.monotonic()
        for step in steps:
            now.count += 1
            now.tell(self._lead(step, now), step)
            if len(now.owing) == OWING_MAX:
                await self._conclude(now)
            if now.size >= self._budget.bytes or self._clock.monotonic() - begun_s >= self._budget.seconds:
                break
            await self._breathe()
        await self._conclude(now)
        return Decided(steps[: now.count], now.outputs, now.fold.writes(), now.late)

    def _lead(self, step: Step[E], now: _Round[E]) -> list[Output]:
        """What one record leads to by itself. Whatever goes wrong in deciding it sets this record aside, and leaves the state of its home as it was.

        Raises:
            _Unclear: Its home owes a conclusion, which may be to blame.
        """
        if step.fault is not None:
            return self._set_aside(step.origin, step.fault)
        if step.event is None:
            assert self._service.rerouted is not None, "a record that travels has a topic for it"
            return [reroute.copy(step.origin, self._service.rerouted, step.home)]
        home = step.event.home
        try:
            told = now.fold.decide(step.event)
        except Exception as error:
            if home in now.owing and not isinstance(error, Refused):
                raise _Unclear(now.count, error) from error
            return self._set_aside(step.origin, error)
        if told is None:
            now.owing.setdefault(home, []).append(step)
            return []
        return self._tell([step], told, now)

    async def _conclude(self, now: _Round[E]) -> None:
        """What the homes owe, told behind everything before.

        Raises:
            _Unclear: One cannot be concluded.
        """
        for home, steps in now.owing.items():
            await self._breathe()
            try:
                told = now.fold.conclude(home)
            except Exception as error:
                raise _Unclear(now.count, error) from error
            now.tell(self._tell(steps, told, now), steps[-1])
        now.owing.clear()

    def _tell(self, steps: Sequence[Step[E]], told: Sequence[Consequence], now: _Round[E]) -> list[Output]:
        """What `steps` led to together; a part that could not be done is told in the dead letter of the last."""
        emissions = [one for one in told if isinstance(one, Emission)]
        if any(emission.is_late for emission in emissions):
            now.late += (step.origin.topic for step in steps)
        letters = [letter for one in told if isinstance(one, Refused) for letter in self._set_aside(steps[-1].origin, one)]
        return [*map(self._output, emissions), *letters]

    async def _breathe(self) -> None:
        if self._clock.monotonic() - self._breathed_s > BREATH_S:
            await self._clock.sleep(0)
            self._breathed_s = self._clock.monotonic()

    def _output(self, emission: Emission) -> Output:
        home = self._partition if emission.home is None else home_of(emission.home, self._partitions)
        return Output(emission.topic, home, emission.key.encode(), emission.value, emission.headers, emission.told)

    def _set_aside(self, record: Record, error: Exception) -> list[Output]:
        """The dead letter of a record that was refused, or that a mistake of ours met: the others behind it go on. None of what is tried again: it has one."""
        refused = deadletters.refusal(self._service.name, record, error)
        letter = deadletters.letter(self._service.name, self._partition, record, refused)
        return [letter] if record.topic in self._service.inputs else []
