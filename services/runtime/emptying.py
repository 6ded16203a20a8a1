"""What a lane does about a view in which something stands that cannot be read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from services.runtime.errors import Unreadable
from services.runtime.ports import View

log = structlog.get_logger(__name__)


@asynccontextmanager
async def emptied_if_unreadable(view: View) -> AsyncIterator[None]:
    """Do something with documents of `view`. One that cannot be read is no reason to guess, nor to ask again and again: all lanes heal from nothing.

    Raises:
        Unreadable: The view was emptied; the lane is to be taken again.
        Stop: It was emptied before.
    """
    try:
        yield
    except Unreadable as unreadable:
        log.error("view emptied, to be healed from the topics", why=str(unreadable))
        await view.empty()
        raise
