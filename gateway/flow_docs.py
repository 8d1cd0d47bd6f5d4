"""The table of steps as people read it: rows for a terminal, a page for the documentation, a diagram.

    parefeu flow show --markdown > docs/flow.md
    parefeu flow show --svg > docs/flow.svg

Both files are made of `vault.cases.flow` alone; a test holds them equal to what is printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from vault.cases.details import SEALED, TAKES
from vault.cases.flow import DEMANDS, FLOW, WAITING, Row, State, Step, listed, phase_of

COLUMNS: Final = ("state", "step", "actor", "guard", "next", "deadline", "event", "source")
WHERE_IT_WAS: Final = "where it was"


def rows() -> list[dict[str, str]]:
    """One dictionary a line of the table, in its order."""
    return [_row(row) for row in FLOW]


def _row(row: Row) -> dict[str, str]:
    return {
        "state": row.state.value,
        "step": row.step.value,
        "actor": ", ".join(role.value for role in row.actors),
        "guard": "; ".join(DEMANDS[guard] for guard in row.guards),
        "next": row.next.value if row.next is not None else WHERE_IT_WAS,
        "deadline": row.deadline,
        "event": row.event,
        "source": row.source,
    }


def markdown() -> str:
    """The page docs/flow.md, whole."""
    return "\n".join((*_head(), *_states(), *_told())) + "\n"


def _head() -> Iterator[str]:
    yield "# The case flow"
    yield ""
    yield "Made by `parefeu flow show --markdown` from the table that the code walks, `vault/cases/flow.py`."
    yield ""
    yield "![States and steps](flow.svg)"
    yield ""
    yield "Each step asks the firewall a question of its own; then the table and its guards decide. A step that no"
    yield "line lists is refused with the reason, and with the steps that are possible for that very case. People take"
    yield "steps: a deadline that passes is shown, and nothing happens by itself. The column *deadline* names what"
    yield "begins to run in the next state; the days are parameters (`parefeu flow parameters`)."
    yield ""
    yield "*Where it was*: a suspension ends, or a closing is taken back, in the state in which it began."


def _states() -> Iterator[str]:
    for state in State:
        yield ""
        yield f"## {state.value}"
        yield ""
        waits = WAITING.get(state)
        yield f"Phase `{phase_of(state)}`." + (f" Waits for: {waits}." if waits else "")
        found = listed(state)
        if not found:
            yield ""
            yield "No step leads on from here."
            if state is State.ERASED:
                yield "Nor does one lead here: a regional head asks about a closed case, the data protection officer"
                yield "agrees ([retention](operations.md#retention-and-erasing-a-case))."
            continue
        yield ""
        yield "| step | actor | guard | next | deadline | event | source |"
        yield "|---|---|---|---|---|---|---|"
        for row in found:
            cells = _row(row)
            yield "| " + " | ".join(cells[name] or "–" for name in COLUMNS[1:]) + " |"


def _told() -> Iterator[str]:
    yield ""
    yield "## What is told with a step"
    yield ""
    yield "| step | needed | may be told | sealed in |"
    yield "|---|---|---|---|"
    for step in Step:
        takes = TAKES[step]
        sealed = SEALED[step][0].value if step in SEALED else "–"
        yield f"| {step} | {', '.join(takes.needed) or '–'} | {', '.join(takes.optional) or '–'} | {sealed} |"
    yield ""
    yield "What is sealed never stands in a status row: only the coach of the case reads it, by a question of its own."


# -- the diagram ------------------------------------------------------------------------------------------

_WIDTH, _HEIGHT = 172, 46
_AT: Final = 0.62  # how far along its arrow a step's name stands
_SIZE: Final = (1180, 760)


@dataclass(frozen=True, slots=True)
class _Box:
    """Centre of a state's box."""

    x: int
    y: int


_PLACES: Final[dict[State, _Box]] = {
    State.OQT_NOTIFIED: _Box(130, 90),
    State.TRIAGED: _Box(130, 220),
    State.INVITED: _Box(130, 350),
    State.NO_SHOW: _Box(130, 530),
    State.INTAKE: _Box(410, 220),
    State.ANALYSIS: _Box(410, 350),
    State.FOLLOW_UP: _Box(690, 350),
    State.ORIENT_STAY: _Box(1060, 130),
    State.ORIENT_RETURN: _Box(1060, 260),
    State.ORIENT_TRANSFER: _Box(1060, 370),
    State.EXTENSION: _Box(1060, 580),
    State.SUSPENDED: _Box(690, 90),
    State.CLOSING_NONCOLLAB: _Box(690, 560),
    State.HANDED_OVER: _Box(820, 690),
    State.CLOSED: _Box(420, 690),
}
_FILL: Final = {
    "pending": "#eef2f6", "active": "#e6f3ea", "suspended": "#fbf0dc", "closing": "#fde8e4", "closed": "#ffffff",
    "handed_over": "#ffffff",
}  # fmt: skip
#: Steps that nearly every state lists: a mark in the box instead of an arrow each.
_MARKED: Final = {Step.CLOSE: "C", Step.SUSPEND: "S"}


def svg() -> str:
    """The picture docs/flow.svg, whole."""
    return "\n".join((*_opening(), *_arrows(), *_boxes(), *_legend(), "</svg>")) + "\n"


def _opening() -> Iterator[str]:
    width, height = _SIZE
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="title desc" font-family="\'DejaVu Sans\', Verdana, Arial, sans-serif">'
    )
    yield '  <title id="title">States and steps of a case</title>'
    told = "; ".join(f"from {source} to {target}: {', '.join(steps)}" for (source, target), steps in _edges().items())
    yield f'  <desc id="desc">{escape(told)}. Nearly every state can be closed or suspended.</desc>'
    yield f'  <rect x="1" y="1" width="{width - 2}" height="{height - 2}" rx="14" fill="#ffffff" stroke="#5b6770"/>'
    yield (
        '  <defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#33424f"/></marker></defs>'
    )


def _edges() -> dict[tuple[State, State], list[str]]:
    """Arrows between two states, with the steps that they stand for."""
    found: dict[tuple[State, State], list[str]] = {}
    for row in FLOW:
        if row.next is None or row.next is row.state or _marked(row):
            continue
        found.setdefault((row.state, row.next), []).append(row.step.value.replace("_", " "))
    return found


def _marked(row: Row) -> bool:
    return row.step is Step.SUSPEND or (row.step is Step.CLOSE and row.state is not State.CLOSING_NONCOLLAB)


def _arrows() -> Iterator[str]:
    for (source, target), steps in _edges().items():
        one, two = _PLACES[source], _PLACES[target]
        bend = 18 if (target, source) in _edges() else 0
        start, end = _border(one, two), _border(two, one)
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = max((dx * dx + dy * dy) ** 0.5, 1)
        out = (middle[0] - dy / length * bend * 2, middle[1] + dx / length * bend * 2)
        yield (
            f'  <path d="M{start[0]:.0f} {start[1]:.0f}Q{out[0]:.0f} {out[1]:.0f} {end[0]:.0f} {end[1]:.0f}" '
            'fill="none" stroke="#33424f" stroke-width="1.4" marker-end="url(#head)"/>'
        )
        # Nearer to where the arrow leads, so that the words of two opposite arrows stand apart.
        at = tuple(
            (1 - _AT) ** 2 * one + 2 * _AT * (1 - _AT) * bent + _AT**2 * two
            for one, bent, two in zip(start, out, end, strict=True)
        )
        for line, text in enumerate(steps):
            yield (
                f'  <text x="{at[0]:.0f}" y="{at[1] + 12 * line - 6 * (len(steps) - 1) + 4:.0f}" font-size="11" '
                'text-anchor="middle" fill="#12304a" stroke="#ffffff" stroke-width="4" paint-order="stroke">'
                f"{escape(text)}</text>"
            )


def _border(box: _Box, towards: _Box) -> tuple[float, float]:
    """Where the line from one centre to another leaves the first box."""
    dx, dy = towards.x - box.x, towards.y - box.y
    wide = (_WIDTH / 2) / abs(dx) if dx else float("inf")
    high = (_HEIGHT / 2) / abs(dy) if dy else float("inf")
    share = min(wide, high)
    return box.x + dx * share, box.y + dy * share


def _boxes() -> Iterator[str]:
    for state, box in _PLACES.items():
        fill = _FILL[phase_of(state).value]
        left, top = box.x - _WIDTH // 2, box.y - _HEIGHT // 2
        yield (
            f'  <rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="8" fill="{fill}" stroke="#33424f" '
            'stroke-width="1.6"/>'
        )
        yield (
            f'  <text x="{box.x}" y="{box.y + 5}" font-size="14" font-weight="bold" text-anchor="middle" '
            f'fill="#1a1a1a">{escape(state.value.replace("_", " "))}</text>'
        )
        taken = {row.step for row in listed(state) if _marked(row)}
        marks = "".join(mark for step, mark in _MARKED.items() if step in taken)
        if marks:
            yield (
                f'  <text x="{box.x + _WIDTH // 2 - 6}" y="{top + 13}" font-size="10" text-anchor="end" '
                f'fill="#7a2e1d">{marks}</text>'
            )


def _legend() -> Iterator[str]:
    told = (
        "C: can be closed from here. S: can be suspended from here; resume leads back to where the case was.",
        "closing noncollab: resume takes the closing back to where it began; sign closing is the second person's.",
        "Steps that keep the state (notice, consequences explained or sent) are in the table.",
    )
    for line, text in enumerate(told):
        yield f'  <text x="24" y="{24 + 15 * line}" font-size="11" fill="#5b6770">{escape(text)}</text>'
