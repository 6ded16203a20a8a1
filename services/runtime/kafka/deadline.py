"""Every question to Kafka has a deadline, and every failure becomes a `Doubt` that tells its cause.

aiokafka itself would wait for ever where a topic or a coordinator is away. Not here: trying again, which is the lane's.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerFenced, RecordListTooLargeError

from services.runtime.errors import Doubt, Stop

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Run the body for at most `seconds`; `what` says in a failure's text what was being done.

    Raises:
        Doubt: It failed, whatever the error, which is its cause; or the time is over.
        Stop: A record is larger than the broker takes: it would be refused again and again.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except (Doubt, Stop):
        raise
    except TOO_LARGE as error:
        raise Stop(f"{what}: a record is larger than the topic's max.message.bytes allows; raise that setting") from error
    except TimeoutError as error:
        raise Doubt(f"kafka: {what}: not done within {seconds:g} s", "kafka") from error
    except (KafkaError, OSError) as error:
        raise Doubt(f"kafka: {what}: {error}", "fenced" if isinstance(error, ProducerFenced) else "kafka") from error
    except Exception as error:  # assertions and such inside the client, whose text may hold anything
        raise Doubt(f"kafka: {what}: {type(error).__name__}", "kafka") from error


def is_fenced(doubt: Doubt) -> bool:
    """Whether the lane has another owner by now, as far as the broker knows."""
    return isinstance(doubt.__cause__, ProducerFenced)
