"""A form that is sent twice is saved once: what is stored twice stands in a file twice, and confuses whoever reads it.

Each page that is drawn has a number of its own, which its forms send. What is sent again from the same session to the
same address, with the same number and the very same words, led somewhere already, or is about to: it is answered with
where that is. With other words, or another file, it is another form: whoever goes back and writes a second text over
the first one means to store both.

Kept in memory, for the process that drew the page: scripts hold a second press back before it leaves the browser, and
this is for browsers without them, and for a network that sends twice.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

from starlette.responses import RedirectResponse, Response

#: The field of a form with its number.
FIELD: Final = "_once"
_SEE_OTHER: Final = 303
#: So many forms are remembered, the newest ones: some hours of a whole region, in a few megabytes.
_MOST: Final = 10_000


def new_number() -> str:
    """For a page that is being drawn: 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Presses:
    """Where the forms that were sent led. Belongs to one event loop."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._led: OrderedDict[bytes, asyncio.Future[str]] = OrderedDict()

    async def once(self, session: str, path: str, form: str, save: Callable[[], Awaitable[Response]]) -> Response:
        """Save, or be answered as the same form was before. form: as it was sent, its number in it.

        Only a form that led somewhere (303) is remembered: one that was drawn again, or refused, may be sent again.
        """
        key = sha256("\x00".join((session, path, form)).encode("utf-8", "surrogatepass")).digest()
        while (earlier := self._led.get(key)) is not None:
            where = await asyncio.shield(earlier)
            if where:
                return RedirectResponse(where, _SEE_OTHER)
        here: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._led[key] = here
        where = ""
        try:
            response = await save()
            if response.status_code == _SEE_OTHER:
                where = response.headers["location"]
            return response
        finally:
            if not where:
                del self._led[key]
            here.set_result(where)
            self._forget()

    def _forget(self) -> None:
        while len(self._led) > self._most and next(iter(self._led.values())).done():
            self._led.popitem(last=False)
