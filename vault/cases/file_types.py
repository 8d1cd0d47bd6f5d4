"""What a file is, by its content: a closed list, checked while it streams past. Nothing is opened, run or drawn.

    found = TypeCheck()
    for piece in pieces:
        found.feed(piece)
    found.finish()              # MediaType.PDF

Each type has signs at its beginning, most also at its end or inside. Office documents are ZIP archives: their
central directory is read (names and flags alone, nothing is unpacked), and one with macros is refused, as is the
format of before 2007, whose macros cannot be told from its text without opening it.

The check says what a file claims to be, consistently; it does not say that it is harmless.
Sources: ISO 32000-2 7.5; W3C PNG 5.2; ITU T.81 B.1; TIFF 6.0 section 2; RFC 9649; ISO 14496-12 4.3 and 23008-12;
PKWARE APPNOTE 4.3; ECMA-376 part 2; OpenDocument 1.3 part 2, 3.3.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from enum import Enum
from typing import Final

from vault.errors import InvalidInput


class MediaType(Enum):
    """What may be attached."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    TIFF = "image/tiff"
    WEBP = "image/webp"
    HEIC = "image/heic"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ODT = "application/vnd.oasis.opendocument.text"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    ODP = "application/vnd.oasis.opendocument.presentation"

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of file names, the usual one first."""
        return _ENDINGS[self]


_ENDINGS: Final[dict[MediaType, tuple[str, ...]]] = {
    MediaType.PDF: ("pdf",),
    MediaType.JPEG: ("jpg", "jpeg"),
    MediaType.PNG: ("png",),
    MediaType.TIFF: ("tif", "tiff"),
    MediaType.WEBP: ("webp",),
    MediaType.HEIC: ("heic", "heif"),
    MediaType.DOCX: ("docx",),
    MediaType.XLSX: ("xlsx",),
    MediaType.PPTX: ("pptx",),
    MediaType.ODT: ("odt",),
    MediaType.ODS: ("ods",),
    MediaType.ODP: ("odp",),
}
#: Bytes kept of the end: a central directory of some three thousand parts.
_TAIL: Final = 256 * 1024
_HEAD: Final = 512
_PNG_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})
_MAIN_PART: Final = {
    "word/document.xml": MediaType.DOCX,
    "xl/workbook.xml": MediaType.XLSX,
    "ppt/presentation.xml": MediaType.PPTX,
}
_OPEN_DOCUMENT: Final = {kind.value.encode(): kind for kind in (MediaType.ODT, MediaType.ODS, MediaType.ODP)}
#: Parts of an office document in which programs live.
_PROGRAM: Final = re.compile(
    r"vbaproject|vbadata|macro|^basic/|^scripts/|activex|\.(bin|exe|dll|js|vbs|jar|class)$", re.IGNORECASE
)
_PRINTER: Final = re.compile(r"(^|/)printersettings[0-9]*\.bin$", re.IGNORECASE)
_END_RECORD: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_MOST_PARTS: Final = 4000


class TypeCheck:
    """Sees a file once, from beginning to end; keeps its first bytes and its last."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """The next bytes. Raises InvalidInput as soon as the beginning is none that is known."""
        before = len(self._head)
        if before < _HEAD:
            self._head += piece[: _HEAD - before]
            if before < 16 <= len(self._head) and not _begins(self._head):
                raise unknown_type()
        self._size += len(piece)
        self._tail = (self._tail + piece)[-_TAIL:]

    def finish(self) -> MediaType:
        """What it is. Raises InvalidInput if it is nothing of the list, or not to its end."""
        for kind, fits in _SIMPLE.items():
            if fits(self._head, self._tail, self._size):
                return kind
        if self._head.startswith(b"PK\x03\x04"):
            return self._office()
        raise unknown_type()

    def _office(self) -> MediaType:
        names = self._parts()
        if any(_PROGRAM.search(name) and not _PRINTER.search(name) for name in names):
            raise InvalidInput("a document with macros or programs in it is not taken", field="content")
        first = self._first_part()
        if first is not None:
            return first
        if "[Content_Types].xml" in names and "_rels/.rels" in names:
            main = [_MAIN_PART[name] for name in names if name in _MAIN_PART]
            if len(main) == 1:
                return main[0]
        raise unknown_type()

    def _first_part(self) -> MediaType | None:
        """An OpenDocument begins with its media type, in clear: `mimetype`, stored, without an extra field."""
        if len(self._head) < _LOCAL.size:
            return None
        _, _, flags, method, _, _, _, packed, size, name_bytes, extra = _LOCAL.unpack_from(self._head)
        name = self._head[_LOCAL.size : _LOCAL.size + name_bytes]
        if name != b"mimetype" or method or extra or flags & 0x0009 or packed != size:
            return None
        start = _LOCAL.size + name_bytes
        return _OPEN_DOCUMENT.get(self._head[start : start + size])

    def _parts(self) -> list[str]:
        """The names in the central directory. Raises InvalidInput unless it lies, whole, right at the file's end."""
        tail = self._tail
        place = tail.rfind(b"PK\x05\x06")
        if place < 0 or place + _END_RECORD.size > len(tail):
            raise unknown_type()
        _, disk, first_disk, here, count, size, offset, comment = _END_RECORD.unpack_from(tail, place)
        whole = (disk, first_disk, here) == (0, 0, count) and 0 < count <= _MOST_PARTS and size <= place
        ends = place + _END_RECORD.size + comment == len(tail) and offset + size == self._size - len(tail) + place
        if not whole or not ends:
            raise unknown_type()
        names, at = [], place - size
        for _ in range(count):
            if at + _CENTRAL.size > place:
                raise unknown_type()
            found = _CENTRAL.unpack_from(tail, at)
            signature, flags, lengths = found[0], found[3], found[10:13]
            end = at + _CENTRAL.size
            name = tail[end : end + lengths[0]]
            at = end + sum(lengths)
            if signature != b"PK\x01\x02" or flags & 0x0001 or at > place:  # 0001: encrypted
                raise unknown_type()
            names.append(_part_name(name))
        if at != place or len(set(names)) != len(names):
            raise unknown_type()
        return names


def _is_pdf(head: bytes, tail: bytes, _: int) -> bool:
    return re.match(rb"%PDF-(1\.[0-7]|2\.0)[\r\n \t%]", head) is not None and b"%%EOF" in tail[-1024:]


def _is_png(head: bytes, tail: bytes, _: int) -> bool:
    return head.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR") and tail.endswith(_PNG_END)


def _is_jpeg(head: bytes, tail: bytes, _: int) -> bool:
    return head.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in tail  # cameras put data of their own behind the end


def _is_tiff(head: bytes, _: bytes, size: int) -> bool:
    if len(head) < 8 or head[:4] not in (b"II*\x00", b"MM\x00*"):
        return False
    first: int = struct.unpack("<L" if head[:2] == b"II" else ">L", head[4:8])[0]
    return 8 <= first < size


def _is_webp(head: bytes, _: bytes, size: int) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP" and struct.unpack("<L", head[4:8])[0] + 8 == size


def _is_heic(head: bytes, _: bytes, size: int) -> bool:
    if len(head) < 16 or head[4:8] != b"ftyp" or head[8:12] not in _HEIC_BRANDS:
        return False
    length: int = struct.unpack(">L", head[:4])[0]
    return 16 <= length <= min(256, size)


_SIMPLE: Final[dict[MediaType, Callable[[bytes, bytes, int], bool]]] = {
    MediaType.PDF: _is_pdf,
    MediaType.PNG: _is_png,
    MediaType.JPEG: _is_jpeg,
    MediaType.TIFF: _is_tiff,
    MediaType.WEBP: _is_webp,
    MediaType.HEIC: _is_heic,
}


def _begins(head: bytes) -> bool:
    starts = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"PK\x03\x04")
    return head.startswith(starts) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or head[4:8] == b"ftyp"


def _part_name(raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise unknown_type() from None
    if not name or name.startswith("/") or "\\" in name or ".." in name.split("/") or "\0" in name:
        raise unknown_type()
    return name


def unknown_type() -> InvalidInput:
    return InvalidInput(
        "only whole PDF files, images (JPEG, PNG, TIFF, WebP, HEIC) and office documents without macros "
        "(docx, xlsx, pptx, odt, ods, odp) are taken",
        field="content",
    )
