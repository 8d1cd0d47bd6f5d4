"""HTML to PDF/UA with WeasyPrint: the one module that loads it, in the process that draws (`gateway.printing.press`).

The same HTML gives the same bytes: the file's identifier is a digest of it, its dates stand in it, and no font, locale
or clock of the machine takes part.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from gateway.pages import assets
from gateway.printing.faces import SCHEME

#: ISO 14289-1: tagged, with language and title.
_VARIANT: Final = "pdf/ua-1"


class _FacesOnly(URLFetcher):  # type: ignore[misc]  # the library brings no types
    """Gives the font files that were chosen, and nothing else: no network, no other file."""

    def __init__(self, files: frozenset[str]) -> None:
        super().__init__(allowed_protocols=())
        self._files = files

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:  # noqa: ARG002
        name = url.removeprefix(SCHEME)
        if not url.startswith(SCHEME) or name not in self._files:
            raise FatalURLFetchingError("a letter fetches nothing")
        return URLFetcherResponse(url, (assets.STATIC / name).read_bytes(), {"Content-Type": "font/woff2"})


def draw(html: str, files: frozenset[str]) -> bytes:
    """The PDF. Raises FatalURLFetchingError where the HTML names anything to fetch but these fonts."""
    identifier = sha256(html.encode()).digest()[:16].hex().encode()
    document = HTML(string=html, url_fetcher=_FacesOnly(files), base_url=None)
    drawn: bytes = document.write_pdf(
        font_config=FontConfiguration(), pdf_variant=_VARIANT, pdf_identifier=identifier, presentational_hints=False
    )
    return drawn
