"""One claim of a file of input events: the file is replayed to its end, then settlement's view is asked, and identity's."""

from collections.abc import Iterable
from dataclasses import replace

import orjson

from services.embedded.replay import Replay
from services.ledger.dossiers.known import Known, from_embedded, told
from services.policy.library import Policies


async def from_inputs(lines: Iterable[bytes], policies: Policies, key: str) -> Known | None:
    """What is known of the claim `key` after these lines, its revisions noted on the way; None where it is not known."""
    work = Replay(policies)
    await work.start()
    mark = f'"settlement_id":"{key}/'.encode()
    history = []
    for number, line in enumerate(lines):
        history += [told(orjson.loads(output)) for output in await work.feed(number, line) if mark in output]
    known = await from_embedded(work.embedded, key)
    return known and replace(known, history=history)
