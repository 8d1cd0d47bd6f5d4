"""What the tests record: a plausible fact for each compartment, small files of each type, a task, a letter."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any, Final

from tests.house import Caller
from vault.cases.file_types import MediaType

#: A plausible fact for each compartment, without its provenance.
FACTS: Final[dict[str, dict[str, Any]]] = {
    "narrative": {"code": "work", "value": "undeclared", "detail": "Travaille dans une cuisine.", "language": "fr"},
    "contact": {"code": "host", "value": "friend", "detail": "Chez une amie depuis mars.", "language": "fr"},
    "sensitive": {"code": "school", "value": "primary", "about": "Aminata Diallo", "language": "fr"},
    "stay-analysis": {"code": "avenue", "value": "9bis", "status": "considered", "language": "fr"},
    "return-plan": {"code": "return_wish", "value": "undecided", "on": "2026-11", "language": "fr"},
}
FILE_SECTIONS: Final = ("narrative", "identity", "sensitive", "stay-analysis", "return-plan")
#: A day of the log, as houses of tests live it.
LOG_DAY: Final = {"since": "2026-11-03T00:00:00Z", "until": "2026-11-04T00:00:00Z"}
#: How the check of a copy of the log ended.
CHECKED: Final = {"origin": "log.example/2026h2", "size": 1, "root": "A" * 43 + "=", "verdict": "sound"}
INVITATION: Final[dict[str, Any]] = {
    "letter": "invitation", "languages": ["fr", "en"], "contact": "02 000 00 00", "appointment_on": "2026-12-02",
    "appointment_time": "09:30", "place": "rue Inventée 1, 1000 Bruxelles", "leaflet": "2026-1",
}  # fmt: skip
CONSEQUENCES: Final[dict[str, Any]] = {
    "letter": "consequences", "languages": ["nl"], "contact": "02 000 00 00", "reason": "no_show",
    "respond_by": "2026-12-15", "place": "rue Inventée 1, 1000 Bruxelles",
}  # fmt: skip
TASK: Final[dict[str, Any]] = {"title": "Rappeler Aminata Diallo", "due_on": "2026-11-05", "language": "fr"}
DRAFT: Final[dict[str, Any]] = {"text": "Elle dit qu'elle", "language": "fr", "template": "intake"}


def pdf(size: int = 400) -> bytes:
    """A PDF of about that many bytes, as far as its signs go."""
    return b"%PDF-1.7\n" + b"0 0 obj\n" * (size // 8) + b"trailer\n%%EOF\n"


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    head = struct.pack(">LLBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def zipped(parts: dict[str, bytes], *, stored: tuple[str, ...] = ()) -> bytes:
    """An archive with these parts, in order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            method = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def ooxml(main: str, **more: bytes) -> bytes:
    parts = {"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<Relationships/>", main: b"<document/>"}
    return zipped(parts | more)


def open_document(kind: MediaType, **more: bytes) -> bytes:
    parts = {"mimetype": kind.value.encode(), "content.xml": b"<office/>", "META-INF/manifest.xml": b"<m/>"}
    return zipped(parts | more, stored=("mimetype",))


def samples() -> dict[MediaType, bytes]:
    """A small file of every type."""
    return {
        MediaType.PDF: pdf(),
        MediaType.JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(40) + b"\xff\xd9",
        MediaType.PNG: png(),
        MediaType.TIFF: b"II*\x00\x08\x00\x00\x00" + bytes(60),
        MediaType.WEBP: b"RIFF" + struct.pack("<L", 40) + b"WEBPVP8L" + bytes(32),
        MediaType.HEIC: struct.pack(">L", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(40),
        MediaType.DOCX: ooxml("word/document.xml"),
        MediaType.XLSX: ooxml("xl/workbook.xml", **{"xl/printerSettings/printerSettings1.bin": b"x"}),
        MediaType.PPTX: ooxml("ppt/presentation.xml"),
        MediaType.ODT: open_document(MediaType.ODT),
        MediaType.ODS: open_document(MediaType.ODS),
        MediaType.ODP: open_document(MediaType.ODP),
    }


def record_fact(coach: Caller, case: str, section: str = "sensitive", **changed: Any) -> str:
    """The fact's id."""
    body = FACTS[section] | {"provenance": "interview"} | changed
    reply = coach.post(f"/cases/{case}/facts/{section}", json=body)
    assert reply.status_code == 201, reply.text
    fact: str = reply.json()["record"]
    return fact


def send_file(coach: Caller, case: str, content: bytes, section: str = "sensitive", provenance: str = "") -> Any:
    """The answer to a file's bytes."""
    path = f"/cases/{case}/attachments/{section}" + (f"?provenance={provenance}" if provenance else "")
    return coach.post(path, content=content, headers={"content-type": "application/octet-stream"})


def attach(
    coach: Caller, case: str, content: bytes | None = None, section: str = "sensitive", name: str = "scan.pdf",
    caption: str = "Certificat.",
) -> str:  # fmt: skip
    """A file that has arrived and is described; its id."""
    arrived = send_file(coach, case, pdf() if content is None else content, section)
    assert arrived.status_code == 201, arrived.text
    attachment: str = arrived.json()["record"]
    body = {"name": name, "caption": caption, "language": "fr", "based_on": 1}
    described = coach.put(f"/cases/{case}/attachments/{section}/{attachment}", json=body)
    assert described.status_code == 200, described.text
    return attachment


def set_task(coach: Caller, case: str, **changed: Any) -> str:
    reply = coach.post(f"/cases/{case}/tasks", json=TASK | changed)
    assert reply.status_code == 201, reply.text
    task: str = reply.json()["record"]
    return task


def save_draft(coach: Caller, case: str, note: str = "new", **changed: Any) -> None:
    reply = coach.put(f"/cases/{case}/drafts/{note}", json=DRAFT | changed)
    assert reply.status_code == 200, reply.text


def compose(caller: Caller, case: str, body: dict[str, Any] | None = None) -> str:
    """A letter's id; an invitation's, if the body is one."""
    wanted = CONSEQUENCES if body is None else body
    plural = "invitations" if wanted["letter"] in {"invitation", "reminder"} else "letters"
    reply = caller.post(f"/cases/{case}/{plural}", json=wanted)
    assert reply.status_code == 201, reply.text
    letter: str = reply.json()["record"]
    return letter
