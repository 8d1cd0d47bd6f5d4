"""`parefeu freetext`: what identifies people in a text, without any vault; and how well it is found in this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.desk import read_text
from gateway.cli.home import Home, Json, hooks_of

app = typer.Typer(
    help="What identifies people in a text; how well it is found.", no_args_is_help=True, add_completion=False
)


@app.command()
def detect(
    file: Annotated[Path, typer.Argument(help="A text file; default: standard input.")] = Path("-"),
    lang: Annotated[str, typer.Option("--lang", help="fr, nl, de or en; default: told by the text.")] = "",
    known: Annotated[list[str] | None, typer.Option("--known", help="A name that is to be found in any form.")] = None,
) -> None:
    """Print what identifies people in a text as JSON: offsets in code points, type, tier, score, why."""
    from vault.freetext import detect as find

    spans = find(read_text(file), lang or None, known or ())
    told = [
        {
            "start": span.start,
            "end": span.end,
            "type": span.type.value,
            "tier": span.tier.value,
            "score": round(span.score, 3),
            "source": span.reasons[0].source.value,
            "detail": span.reasons[0].detail,
        }
        for span in spans
    ]
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1))


@app.command()
def quality(ctx: typer.Context, home: Home = None, as_json: Json = False) -> None:
    """How well names and numbers are found, estimated from what reviewers corrected. Counts only, no content.

    The recall is an upper bound: what neither the program nor the reviewer saw is in no count.
    """
    from gateway.cli.staff import at_the_store
    from vault.freetext.review_counts import Counted
    from vault.freetext.review_counts import quality as estimated
    from vault.vocabulary import CASEWORK

    with at_the_store(home, CASEWORK, hooks_of(ctx)) as (services, _):
        totals = services.worker.run(CASEWORK, lambda uow: uow.review_counts.totals())
    lines = estimated({Counted(*key): number for key, number in totals.items()})
    rows = [
        {
            "type": line.type or "all",
            "found": line.found,
            "suggested": line.suggested,
            "missed": line.missed,
            "wrong": line.wrong,
            "recall": _share(line.recall),
            "automatic": _share(line.automatic),
            "precision": _share(line.precision),
        }
        for line in lines
    ]
    if as_json:
        output.show_json({"quality": rows})
        return
    output.show_rows(
        rows, ("type", "found", "suggested", "missed", "wrong", "recall", "automatic", "precision"),
        title="What reviewers corrected",
    )  # fmt: skip


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
