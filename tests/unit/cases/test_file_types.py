"""What a file is, by its content: every type of the list in whole, and everything else refused."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Final

import pytest

from tests.recorded import ooxml, open_document, pdf, png, samples, zipped
from vault.cases.file_types import MediaType, TypeCheck
from vault.errors import InvalidInput


def looked_at(content: bytes, step: int = 65_536) -> MediaType:
    check = TypeCheck()
    for start in range(0, len(content), step):
        check.feed(content[start : start + step])
    return check.finish()


def refused(content: bytes) -> str:
    with pytest.raises(InvalidInput) as fault:
        looked_at(content)
    assert fault.value.field == "content"
    return str(fault.value)


@pytest.mark.parametrize("kind", MediaType, ids=lambda kind: kind.name)
@pytest.mark.parametrize("step", [1, 7, 65_536])
def test_each_type_is_known_however_it_arrives(kind: MediaType, step: int) -> None:
    assert looked_at(samples()[kind], step) is kind


def test_every_type_has_endings_and_no_two_share_one() -> None:
    endings = [ending for kind in MediaType for ending in kind.endings]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() for ending in endings)


#: What is none of the list, however it is called.
NOTHING: Final = {
    "nothing": b"",
    "text": b"Bonjour, ceci n'est rien.\n" * 20,
    "markup": b"<html><script>alert(1)</script></html>" * 4,
    "drawing with scripts": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>" + bytes(40),
    "program": b"MZ" + bytes(200),
    "program of another system": b"\x7fELF" + bytes(200),
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "old office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "animation": b"GIF89a" + bytes(100),
    "archive": zipped({"letter.txt": b"x"}),
    "program in an archive": zipped({"META-INF/MANIFEST.MF": b"", "Main.class": b""}),
    "shorter than its signs": b"%PDF-",
    "film": struct.pack(">L", 24) + b"ftypisom" + bytes(60),
    "PDF behind something": b"junk " + pdf(),
    "PDF of no version": b"%PDF-9.9\n" + bytes(40) + b"%%EOF",
    "PDF cut off": pdf(4000)[:-10],
    "PNG cut off": png()[:-4],
    "PNG with something behind": png() + b"PK\x03\x04",
    "JPEG cut off": b"\xff\xd8\xff\xe0" + bytes(60),
    "TIFF without a page": b"II*\x00" + struct.pack("<L", 10_000) + bytes(40),
    "TIFF whose page is its head": b"MM\x00*" + struct.pack(">L", 4) + bytes(40),
    "WebP of another length": b"RIFF" + struct.pack("<L", 4000) + b"WEBPVP8L" + bytes(32),
    "HEIC of no brand": struct.pack(">L", 24) + b"ftypevil" + bytes(60),
    "HEIC with an endless head": struct.pack(">L", 2**31) + b"ftypheic" + bytes(60),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_not_on_the_list_is_refused(name: str) -> None:
    assert "taken" in refused(NOTHING[name])


def test_what_begins_as_nothing_known_is_refused_at_its_beginning() -> None:
    check = TypeCheck()
    with pytest.raises(InvalidInput):
        check.feed(b"<html>" + b" " * 20)


WITH_PROGRAMS: Final = {
    "macros in a text": ooxml("word/document.xml", **{"word/vbaProject.bin": b"x"}),
    "macros under another name": ooxml("word/document.xml", **{"word/VBAPROJECT2.BIN": b"x"}),
    "an old macro sheet": ooxml("xl/workbook.xml", **{"xl/macrosheets/sheet1.xml": b"x"}),
    "controls": ooxml("ppt/presentation.xml", **{"ppt/activeX/activeX1.xml": b"x"}),
    "an embedded object": ooxml("word/document.xml", **{"word/embeddings/oleObject1.bin": b"x"}),
    "a program inside": ooxml("word/document.xml", **{"word/media/setup.exe": b"x"}),
    "Basic": open_document(MediaType.ODT, **{"Basic/Standard/Module1.xml": b"x"}),
    "scripts": open_document(MediaType.ODS, **{"Scripts/python/run.py": b"x"}),
}


@pytest.mark.parametrize("name", WITH_PROGRAMS)
def test_a_document_with_programs_in_it_is_refused(name: str) -> None:
    assert "macros or programs" in refused(WITH_PROGRAMS[name])


def _changed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


DOCX: Final = ooxml("word/document.xml")
END: Final = DOCX.rindex(b"PK\x05\x06")
BROKEN: Final = {
    "no directory": DOCX[:END],
    "cut off": DOCX[:-1],
    "something behind it": DOCX + b"x",
    "something before it": b"PK\x03\x04" + DOCX,
    "two main parts": ooxml("word/document.xml", **{"xl/workbook.xml": b"x"}),
    "no main part": zipped({"[Content_Types].xml": b"x", "_rels/.rels": b"x"}),
    "no content types": zipped({"_rels/.rels": b"x", "word/document.xml": b"x"}),
    "a path out": ooxml("word/document.xml", **{"../evil.xml": b"x"}),
    "an absolute path": ooxml("word/document.xml", **{"/etc/passwd": b"x"}),
    "a path of another system": ooxml("word/document.xml", **{"word\\..\\x.xml": b"x"}),
    "several disks": DOCX[: END + 4] + b"\x01\x00" + DOCX[END + 6 :],
    "counts that differ": DOCX[: END + 8] + b"\x02\x00" + DOCX[END + 10 :],
    "a count too high": DOCX[: END + 8] + b"\x09\x00\x09\x00" + DOCX[END + 12 :],
    "no parts": b"PK\x03\x04" + bytes(40) + b"PK\x05\x06" + bytes(18),
    "a directory elsewhere": DOCX[: END + 16] + struct.pack("<L", 1) + DOCX[END + 20 :],
    "a media type that is none": _changed(
        open_document(MediaType.ODT), MediaType.ODT.value.encode(), b"application/vnd.oasis.opendocument.evil"
    ),
    "a media type squeezed": zipped({"mimetype": MediaType.ODT.value.encode(), "content.xml": b"x"}),
    "a media type later on": zipped(
        {"content.xml": b"x", "mimetype": MediaType.ODT.value.encode()}, stored=("mimetype",)
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_archive_that_could_mean_two_things_is_refused(name: str) -> None:
    refused(BROKEN[name])


def test_an_encrypted_part_is_refused() -> None:
    place = DOCX.index(b"PK\x01\x02")
    refused(DOCX[: place + 8] + b"\x01\x00" + DOCX[place + 10 :])


def _twice() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/document.xml"):
            archive.writestr(name, b"x")
    return buffer.getvalue()


def test_a_name_twice_is_refused() -> None:
    """Two programs may each read another one of the two."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = _twice()
    refused(content)


def test_a_large_document_is_known_by_its_ends() -> None:
    big = ooxml("word/document.xml", **{f"word/media/image{number}.png": bytes(2000) for number in range(900)})
    assert looked_at(big) is MediaType.DOCX
    endless = {f"word/media/image{number}.png": b"" for number in range(4100)}
    refused(ooxml("word/document.xml", **endless))


def test_the_check_keeps_little_of_a_large_file() -> None:
    check = TypeCheck()
    check.feed(b"%PDF-1.4\n")
    for _ in range(100):
        check.feed(bytes(65_536))
    assert len(check._head) + len(check._tail) < 300_000
