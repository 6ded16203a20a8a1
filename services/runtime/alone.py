"""Whether a lane alone has written the topics that it alone is to write: their offsets tell, for it knows what it wrote.

In: where these topics ended when the lane was taken, and each batch that it wrote. Promise: whoever writes there too is noticed with the lane's next
batch in that topic, and at the latest after `LOOK_S`. Not here: what he wrote (`strays.py`); the lane doubts, is taken again, and meets it.
"""

from collections.abc import Mapping, Sequence

from services.runtime.clock import Clock
from services.runtime.errors import Doubt
from services.runtime.ports import Broker
from services.runtime.records import Offsets, Output, TopicPartition

LOOK_S = 15.0
"""How long a topic in which nothing is written is not looked at: a look is a connection of its own."""

OTHERS = "somebody else has written into {}[{}], at {} or behind it"


class Alone:
    """The own topics of one lane, from when it was taken. `ends`: where each ended then, with no transaction open."""

    def __init__(self, lane: int, ends: Mapping[str, int], clock: Clock) -> None:
        """Begin to watch."""
        self._ends = {TopicPartition(topic, lane): end for topic, end in ends.items()}
        self._clock = clock
        self._looked_at_s = clock.monotonic()

    async def wrote(self, outputs: Sequence[Output], written: Offsets, broker: Broker) -> None:
        """Take in a transaction: what it wrote, and where that ended; now and then look at the topics in which it wrote nothing, too.

        Raises:
            Doubt: Something else lies before it or in it.
        """
        for place, end in self._ends.items():
            if place in written:
                count = sum(output.topic == place.topic and output.partition == place.partition for output in outputs)
                if written[place] != end + count:
                    raise Doubt(OTHERS.format(*place, end), "foreign")
                self._ends[place] = written[place] + 1  # the transaction's marker, without which Kafka begins no other
        await self.look(broker)

    async def look(self, broker: Broker) -> None:
        """Look at the ends of the logs, now and then.

        Raises:
            Doubt: Kafka is away, or something lies there that the lane did not write.
        """
        if self._clock.monotonic() - self._looked_at_s < LOOK_S:
            return
        for place, end in (await broker.log_ends(list(self._ends))).items():
            if end > self._ends[place]:
                raise Doubt(OTHERS.format(*place, self._ends[place]), "foreign")
        self._looked_at_s = self._clock.monotonic()
