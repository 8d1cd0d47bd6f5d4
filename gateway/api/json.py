"""JSON out: one encoder, no intermediate models. What a reply holds was decided by its release profile."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def json_response(reply: Any, status: int = 200) -> Response:
    return Response(_ENCODER.encode(reply).encode(), status, media_type="application/json")
