"""Small words inside names, folded: `El Mansouri`, `van den Broeck`, `da Silva`. Alone they name nobody."""

from __future__ import annotations

from typing import Final

from vault.freetext.cues import cue_words

PARTICLES: Final = cue_words("particles")
#: Those that may stand inside a name that is written with capitals.
INSIDE: Final = cue_words("particles_inside")
