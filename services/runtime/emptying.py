"""What a lane does about a view in which something stands that cannot be read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from services.runtime.errors import Unreadable
from services.runtime.ports import View

log = structlog.get_logger(__name__)


@asynccontextmanager
async def emptied_if_unreadable(view: View, run: str) -> AsyncIterator[None]:
    """Do something with documents of `view`, read in `run`. One that cannot be read is no reason to guess, nor to ask again and again: all lanes heal from
    nothing. Where another run has begun since, another lane met the same and has emptied it.

    Raises:
        Unreadable: The view was emptied; the lane is to be taken again.
        Doubt: It is being emptied, or away.
        Stop: It was emptied before, and healed.
    """
    try:
        yield
    except Unreadable as unreadable:
        if await view.run() == run:
            log.error("view emptied, to be healed from the topics", why=str(unreadable))
            await view.empty()
        raise
