"""The marked words, and how they are found in a stream of bytes, whatever spelling a program gave them."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any, Final
from zipfile import ZipFile

from pypdf import PdfReader
from pypdf.errors import PyPdfError

#: One word for each place where somebody's confidence can stand.
CANARY: Final = {
    "note": "zilverreiger7kq",
    "revised": "goudvink3wd",
    "address": "rue du Bouvreuil-Masqué5hb",
    "email": "sittelle9rt",
    "whereabouts": "troglodyte4mn",
    "family": "Accenteurmouchet",
    "given": "Grimpereaudix",
    "alias": "Pouillotvéloce",
    "reason": "chevêchette6xs",
    "why": "rousserolle2qp",  # of a correction
    "fact": "tarier-pâtre8dn",
    "host": "gorgebleue4zc",
    "health": "locustelle7fy",
    "stay": "phragmite5wj",
    "plan": "bécassine3vk",
    "file": "râle-d'eau9mt",
    "caption": "sarcelle1hg",
    "file_name": "nette-rousse6ub",
    "task": "fuligule2lx",
    "draft": "garrot-arlequin7ce",
    "place": "oedicnème4ra",
    "companion": "Bruantzizi",  # who came along
    "interpreter": "bergeronnette-7p",  # the number of one
    "conflict": "pie-grièche5yk",  # why a coach must not have the case
    "answer": "bécasseau2yq",  # what a partner wrote back
}
#: What is typed in the wrong place, or badly: it may come back to nobody, not even to who typed it.
TYPED: Final = "hoopoe-typed-8vz"


def spellings(word: str) -> dict[str, bytes]:
    """Each form in which a text may stand in a stream of bytes, and what to look for."""
    found = {
        "utf-8": word.lower().encode(),
        "utf-16-le": word.lower().encode("utf-16-le"),
        "utf-16-be": word.lower().encode("utf-16-be"),
        "json": word.lower().encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00"),
        "hex": word.encode().hex().encode(),
        "hex of utf-16": word.encode("utf-16-le").hex().encode(),
    }
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + word.encode()).rstrip(b"=")
        found[f"base64 {shift}"] = coded[(0, 2, 3)[shift] : -1]
    return found


def readable(reply: Any) -> bytes:
    """A response's content; of a PDF and of a zip file, which are packed, what they say as well."""
    content: bytes = reply.content
    if reply.headers.get("content-type") == "application/zip":
        with ZipFile(BytesIO(content)) as file:
            return content + b"\n".join(file.read(name) for name in file.namelist())
    if reply.headers.get("content-type") != "application/pdf":
        return content
    try:
        return content + "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).encode()
    except PyPdfError:
        return content  # a file that a coach attached, with a marked word where its end should be told


#: Each word's name with what to look for whatever the case, and as it stands.
_SOUGHT: Final = tuple(
    (
        name,
        tuple(wanted for form, wanted in spellings(word).items() if not form.startswith("base64")),
        tuple(wanted for form, wanted in spellings(word).items() if form.startswith("base64")),
    )
    for name, word in (*CANARY.items(), ("typed", TYPED))
)


def sightings(content: bytes) -> set[str]:
    """The names of the words that stand in `content`, with their spelling."""
    lower = content.lower()
    upper_accents = content.decode("utf-8", "ignore").casefold().encode()
    both = lower if lower == upper_accents else lower + b"\n" + upper_accents
    seen = set()
    for name, in_any_case, as_it_stands in _SOUGHT:
        for wanted in in_any_case:
            if wanted in both:
                seen.add(name)
        for wanted in as_it_stands:
            if wanted in content:
                seen.add(name)
    return seen
