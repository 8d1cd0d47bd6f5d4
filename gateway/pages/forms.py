"""What a browser's form sends, parsed once, and what is said about it where it cannot be used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.middleware import BODY_LIMIT
from vault.errors import InvalidInput

#: One for each place of a note that is decided, at most as many as a review takes, and some room.
_MOST_FIELDS: Final = 10_100
_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, repr=False)
class Form:
    """Names and values in order; a name may occur several times. Never printed: it may hold what was confided."""

    pairs: tuple[tuple[str, str], ...] = ()

    def text(self, name: str, otherwise: str = "") -> str:
        """The last value of that name, as browsers' buttons need it. Line ends as the vault writes them."""
        found = next((value for key, value in reversed(self.pairs) if key == name), otherwise)
        return found.replace("\r\n", "\n").replace("\r", "\n")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.pairs if key == name and value)

    def ticked(self, name: str) -> bool:
        return bool(self.text(name))

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.pairs)

    def without(self, *names: str) -> Form:
        return Form(tuple(pair for pair in self.pairs if pair[0] not in names))

    def encoded(self) -> str:
        return urlencode(self.pairs)

    @classmethod
    def decoded(cls, body: str) -> Form:
        """Raises InvalidInput."""
        try:
            return cls(tuple(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")))
        except ValueError:
            raise InvalidInput("the form cannot be read", field="form") from None


async def read_form(request: Request) -> Form:
    """Raises InvalidInput for anything but one urlencoded form, HTTPException 413 for one that is too long."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = bytearray()
    async for piece in request.stream():
        # What is too long is read to its end and not held: a browser hears no answer before.
        if len(body) <= BODY_LIMIT:
            body += piece
    if len(body) > BODY_LIMIT:
        raise HTTPException(413)
    if media_type != _MEDIA_TYPE and body:
        raise InvalidInput("the form cannot be read", field="form")
    try:
        return Form.decoded(body.decode("ascii"))
    except UnicodeDecodeError:
        raise InvalidInput("the form cannot be read", field="form") from None


@dataclass
class Faults:
    """What cannot be used, by field: a code of `words.FAULTS` each. The summary lists them in the form's order."""

    by_field: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, code: str) -> None:
        self.by_field.setdefault(name, code)

    def __bool__(self) -> bool:
        return bool(self.by_field)


#: pydantic's types of fault, as far as people can do something about them.
_CODES: Final = {"missing": "missing", "string_too_short": "missing", "string_too_long": "too_long"}


def parsed(model: type[BaseModel], values: dict[str, Any], faults: Faults, names: Iterable[str] = ()) -> Any:
    """The body as the API parses it, or None with `faults` filled. names: of the form's fields, where they differ."""
    try:
        return model.model_validate(values)
    except ValidationError as refused:
        known = set(names)
        for fault in refused.errors(include_input=False, include_url=False, include_context=False):
            place = "-".join(str(part) for part in fault["loc"])
            name = place if not known or place in known else next((n for n in known if place.startswith(n)), place)
            faults.add(name, _CODES.get(fault["type"], "unusable"))
        return None
