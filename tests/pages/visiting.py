"""The pages as somebody without scripts sends and reads them."""

from __future__ import annotations

import html
from typing import Any

from gateway.auth.sessions import cookie_name
from gateway.pages.site import door_path, form_token
from tests.house import STAFF, House


class Visitor:
    """A member of staff in front of the pages, without scripts."""

    def __init__(self, house: House, login: str) -> None:
        house.client(login)
        zone = STAFF[login][0]
        self._app, self._base, self._token = house.app, door_path(zone), house.tokens[login]
        self.headers = {"cookie": f"{cookie_name(zone)}={self._token}; __Host-parefeu-language=en"}

    def look(self, path: str, status: int = 200) -> str:
        reply = self._app.get(self._base + path, headers=self.headers, follow_redirects=False)
        assert reply.status_code == status, reply.text
        return html.unescape(reply.text)

    def status(self, path: str) -> int:
        """What looking there is answered with."""
        code: int = self._app.get(self._base + path, headers=self.headers, follow_redirects=False).status_code
        return code

    def send(self, path: str, status: int = 303, /, **values: Any) -> str:
        """Send a form; where to look next, or the page that was drawn again."""
        reply = self._app.post(
            self._base + path, headers=self.headers | {"sec-fetch-site": "same-origin"}, follow_redirects=False,
            data={"_token": form_token(self._token)} | values,
        )  # fmt: skip
        assert reply.status_code == status, reply.text
        return reply.headers["location"].removeprefix(self._base) if status == 303 else html.unescape(reply.text)
