"""The files of a case on the screen: each compartment's list, and a form that sends one more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from gateway.api.attachments import SECTIONS
from gateway.pages.casework import CaseworkPages
from gateway.pages.file_form import FileForm, holds_a_file
from gateway.pages.forms import Form
from gateway.pages.site import Visit
from gateway.uploads import Upload
from vault.access.actor import Actor
from vault.cases.attachments import ARRIVAL_LONGEST, LARGEST_FILE, Manifest, check_caption, check_name
from vault.cases.file_types import MediaType
from vault.cases.model import LANGUAGES
from vault.errors import Conflict, InvalidInput, NoticeMissing
from vault.ids import CaseId, RecordId
from vault.unit_of_work import UnitOfWork
from vault.usecases import attachments
from vault.vocabulary import Kind, Phase, Provenance

_WRITABLE: Final = {Phase.ACTIVE.value, Phase.SUSPENDED.value, Phase.CLOSING.value}
_SOURCES: Final = (Provenance.INTERVIEW, Provenance.ADMIN, Provenance.PARTNER)
#: For the browser's file chooser: the endings that are taken.
_ENDINGS: Final = ",".join(f".{ending}" for kind in MediaType for ending in kind.endings)
_DONE: Final = "document"
_SEE_OTHER: Final = 303
#: The header of the script that shows progress: it is told where to go, and goes there itself.
_SCRIPT: Final = "x-parefeu-progress"


class DocumentPages(CaseworkPages):
    """A file is sealed as it arrives; nothing of it lies on a disk in clear."""

    async def documents(self, visit: Visit) -> Response:
        """Every file of the case, by compartment; each look at a compartment is its own question."""
        case = self.wanted(visit)

        def work(uow: UnitOfWork, actor: Actor) -> tuple[Any, dict[str, Any]]:
            found = {
                section: attachments.read_attachments(uow, actor, case, kind, self.casework)["attachments"]
                for section, kind in SECTIONS.items()
            }
            return self.status(uow, actor, case), found

        status, found = await visit.run(work, quick=False)
        return visit.draw(
            "documents.html", sections=found, reference=visit.place("case"), writable=status["phase"] in _WRITABLE
        )

    async def add(self, visit: Visit) -> Response:
        """Send a file with what is to be said of it. Without scripts, a plain form; with them, progress is shown."""
        case = self.wanted(visit)
        sent = FileForm(visit.request) if visit.posted and holds_a_file(visit.request) else None
        try:
            if sent is not None:
                visit.took(await sent.fields())
            status = await visit.run(lambda uow, actor: self.status(uow, actor, case))
            values = _values(visit.form, status["language"])
            if visit.saving and await self._send(visit, case, values, sent):
                return _told_script(visit) if _SCRIPT in visit.request.headers else _to_list(visit)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        finally:
            if sent is not None:
                await sent.drain()
        return visit.draw(
            "document_form.html", values=values, all_sections=tuple(SECTIONS), sources=_SOURCES, endings=_ENDINGS,
            largest=LARGEST_FILE, megabytes=LARGEST_FILE // 1024 // 1024, all_languages=LANGUAGES,
            reference=visit.place("case"),
        )  # fmt: skip

    async def _send(self, visit: Visit, case: CaseId, values: dict[str, str], sent: FileForm | None) -> bool:
        """Whether the file is in the vault, described. What cannot be used is told, and nothing is left of it."""
        _check(visit, values, sent)
        if visit.faults or sent is None:
            return False
        assert visit.door is not None
        kind, provenance = SECTIONS[values["section"]], Provenance(values["provenance"])
        try:
            upload = await Upload.begin(visit.door.gate, self.casework, visit.request, case, kind, provenance)
        except NoticeMissing:
            visit.faults.add("form", "notice_missing")
            return False
        except Conflict:
            visit.faults.add("form", "files_full")
            return False
        try:
            name = values["name"] or _plain(sent.file_name)
            manifest = await _receive(upload, sent, name)
            return await self._keep(visit, _Arrived(case, kind, name, values, upload, manifest))
        except InvalidInput as refused:
            await upload.abandon()
            visit.faults.add("name" if refused.field == "name" else "file", _why(refused, upload))
            return False
        except TimeoutError:
            await upload.abandon()
            visit.faults.add("file", "file_slow")
            return False
        except BaseException:
            await upload.abandon()
            raise

    async def _keep(self, visit: Visit, file: _Arrived) -> bool:
        """Whether the file is in the vault, by this form or by the same one, sent before with the very same file."""
        kept = False

        async def keep() -> Response:
            nonlocal kept
            receipt = await file.upload.end(file.manifest)
            cmd = file.described(RecordId.parse(receipt["record"]), receipt["version"])
            reply = await visit.attempt(
                lambda uow, actor: attachments.describe_attachment(uow, actor, cmd, self.casework), main="caption"
            )
            kept = reply is not None
            return _to_list(visit) if kept else Response(status_code=422)

        # Only now: which file it is, is known once it has arrived.
        response = await visit.once("\0".join((visit.form.encoded(), file.name, file.manifest.digest)), keep)
        if not kept:
            await file.upload.abandon()
        return kept or response.status_code == _SEE_OTHER


@dataclass(frozen=True, repr=False)
class _Arrived:
    """A file that has come whole and stands in no list yet. values: what the form says of it."""

    case: CaseId
    kind: Kind
    name: str
    values: dict[str, str]
    upload: Upload
    manifest: Manifest

    def described(self, record: RecordId, version: int) -> attachments.DescribeAttachment:
        return attachments.DescribeAttachment(
            self.case, self.kind, record, self.name, self.values["caption"], self.values["language"], version
        )


async def _receive(upload: Upload, sent: FileForm, name: str) -> Manifest:
    """What the file is, once all of it has come. Raises InvalidInput, TimeoutError."""
    async with asyncio.timeout(ARRIVAL_LONGEST.total_seconds()):
        async for piece in sent.pieces():
            await upload.take(piece)
    manifest: Manifest = upload.finish()
    check_name(name, manifest.media_type)  # before the file stands anywhere
    return manifest


def _to_list(visit: Visit) -> Response:
    return visit.go(f"/cases/{visit.place('case')}/documents", done=_DONE)


def _check(visit: Visit, values: dict[str, str], sent: FileForm | None) -> None:
    """What can be told before a byte of the file is sealed."""
    for name, known in (("section", tuple(SECTIONS)), ("provenance", _SOURCES), ("language", LANGUAGES)):
        if values[name] not in known:
            visit.faults.add(name, "missing" if not values[name] else "unusable")
    try:
        check_caption(values["caption"])
    except InvalidInput:
        visit.faults.add("caption", "too_long")
    if sent is None or not sent.file_name:
        visit.faults.add("file", "missing")


def _why(refused: InvalidInput, upload: Upload) -> str:
    if refused.field == "name":
        return "file_name"
    if refused.field == "form":
        return "file_cut"
    return "file_too_large" if upload.full else "file_type" if upload.size else "file_empty"


def _plain(name: str) -> str:
    """The last part of a path, as some browsers send one."""
    return name.replace("\\", "/").rpartition("/")[2]


def _values(form: Form, language: str) -> dict[str, str]:
    likely = {"section": "narrative", "provenance": Provenance.INTERVIEW.value, "language": language}
    return {
        name: form.text(name, likely.get(name, "")).strip()
        for name in ("section", "provenance", "language", "name", "caption")
    }


def _told_script(visit: Visit) -> Response:
    """Where to look next. Answered with a redirect, the script would look twice, and so would the log."""
    return Response(status_code=204, headers={"hx-redirect": _to_list(visit).headers["location"]})
