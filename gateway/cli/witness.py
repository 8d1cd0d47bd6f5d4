"""`parefeu witness`: the witness program, which needs nothing of the vault (`auditor.witness`)."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False)


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
def witness(ctx: typer.Context) -> None:
    """A witness of its own: init, key, log, serve, evidence. `parefeu-witness` is the same program."""
    from auditor.witness import main

    main(ctx.args)
