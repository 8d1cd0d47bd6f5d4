"""Letters to the person, as data and as PDF, and the note skeletons of the office."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.api import record_models as m
from gateway.api.json import StrictRoute, json_response
from gateway.gate import Asks, Gate
from gateway.printing.printer import MEDIA_TYPE, Printer
from vault.errors import ConfigurationError
from vault.ids import RecordId
from vault.usecases import letters
from vault.usecases.casework import parse_reference
from vault.vocabulary import CASEWORK, Action, Kind


class _Letters:
    """The handlers of one kind: invitations, or all other letters."""

    def __init__(self, gate: Gate, kind: Kind, printer: Printer) -> None:
        if gate.services.casework is None:
            raise ConfigurationError("this process has no casework keys")
        self.gate, self.kind, self.casework, self.printer = gate, kind, gate.services.casework, printer

    async def compose_invitation(self, request: Request, case: str, body: m.InvitationBody) -> Response:
        """An invitation or a reminder: who is asked to come where, when."""
        return await self._compose(request, case, body.letter, body.languages, body.added())

    async def compose_letter(self, request: Request, case: str, body: m.LetterBody) -> Response:
        """A letter about the consequences of non-cooperation, the closing, or a referral."""
        return await self._compose(request, case, body.letter, body.languages, body.added())

    async def _compose(
        self, request: Request, case: str, letter: str, languages: list[Any], added: dict[str, Any]
    ) -> Response:
        cmd = letters.ComposeLetter(parse_reference(case), self.kind, letter, tuple(languages), added)
        return json_response(
            await self.gate.run(request, lambda uow, actor: letters.compose_letter(uow, actor, cmd, self.casework)), 201
        )

    async def list(self, request: Request, case: str) -> Response:
        """Which ones were composed, and when."""
        wanted = parse_reference(case)
        rows = await self.gate.run(
            request, lambda uow, actor: letters.list_letters(uow, actor, wanted, self.kind, self.casework)
        )
        return json_response({"letters": rows})

    async def read(self, request: Request, case: str, letter: str) -> Response:
        """What the person was told."""
        return json_response(await self._read(request, case, letter))

    async def print(self, request: Request, case: str, letter: str) -> Response:
        """The same on paper: a tagged PDF with every language of the letter. The same letter gives the same bytes."""
        return paper(found := await self._read(request, case, letter), await self.printer.print_letter(found))

    async def _read(self, request: Request, case: str, letter: str) -> Any:
        wanted, record = parse_reference(case), RecordId.parse(letter)
        return await self.gate.run(
            request, lambda uow, actor: letters.read_letter(uow, actor, wanted, self.kind, record, self.casework)
        )


def paper(letter: dict[str, Any], pdf: bytes) -> Response:
    """A download. Its name says which letter and of which day, never whose."""
    name = f"{letter['letter']}-{letter['fields']['letter_date']}.pdf"
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(pdf, headers=headers, media_type=MEDIA_TYPE)


def router(gate: Gate, printer: Printer) -> APIRouter:
    invitations, others = _Letters(gate, Kind.INVITATION, printer), _Letters(gate, Kind.LETTER, printer)
    api = APIRouter(tags=["letters"], route_class=StrictRoute)
    table: list[tuple[str, str, Callable[..., Coroutine[Any, Any, Response]], Action, str, Kind]] = []
    for plural, own, compose in (
        ("invitations", invitations, invitations.compose_invitation),
        ("letters", others, others.compose_letter),
    ):
        base = f"/casework/cases/{{case}}/{plural}"
        table += [
            ("POST", base, compose, Action.WRITE, compose.__name__, own.kind),
            ("GET", base, own.list, Action.LIST, f"list_{plural}", own.kind),
            ("GET", f"{base}/{{letter}}", own.read, Action.READ, f"read_{own.kind.value}", own.kind),
            ("GET", f"{base}/{{letter}}/pdf", own.print, Action.READ, f"print_{own.kind.value}", own.kind),
        ]
    for method, path, handler, action, name, kind in table:
        api.add_api_route(
            path,
            handler,
            methods=[method],
            operation_id=f"casework_{name}",
            openapi_extra=Asks(str(CASEWORK), action, kind, letters.PURPOSE_OF[kind]).extra(),
            response_model=None,
        )
    api.add_api_route(
        "/casework/templates",
        _templates(gate),
        methods=["GET"],
        operation_id="casework_note_templates",
        openapi_extra=Asks(str(CASEWORK), None).extra(),
        response_model=None,
    )
    return api


def _templates(gate: Gate) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    casework = gate.services.casework
    assert casework is not None
    reply = {
        "templates": [
            {"template": one.name, "template_version": one.version, "skeletons": dict(one.skeletons)}
            for one in casework.texts.notes.values()
        ]
    }

    async def note_templates(request: Request) -> Response:
        """The office's note skeletons, in each language. For whoever is signed in: they say nothing of any case."""
        return json_response(await gate.run(request, lambda _, __: reply))

    return note_templates
