"""What a user reads when something is refused: one line with its code and what to do next. Never content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from gateway.cli.output import as_called
from gateway.client import Problem, Unreachable
from vault.errors import PolicyRejected, VaultError

#: What to do, by code; both our own errors and a server's problems carry these codes.
HINTS: Final[dict[str, str]] = {
    "wrong_passphrase": "look at the zone's passphrase file (home/passphrases, or PAREFEU_PASSPHRASE_DIR)",
    "keyring_missing": "name the installation with --home or PAREFEU_HOME, or make one with `parefeu init`",
    "keyring_damaged": "put back zones/ZONE from its backup: no other file opens this zone's records",
    "keyring_error": "look at the owner and mode of the files in zones/ and passphrases/ (0600)",
    "root_missing": "look at PAREFEU_ROOTS_FILE, or make the key with `parefeu keys make-root ZONE`",
    "root_refused": "look at the PIN or token file; do not try often: a token locks itself",
    "root_unavailable": "look whether the token or key service is there and unsealed, and at PAREFEU_ROOTS_FILE",
    "root_unsuitable": "docs/operations.md says how a root is made",
    "directory_rejected": "put back directory.json and directory.pin, or ask who keeps the offline key",
    "unsupported_format": "use the version of the program that wrote this",
    "store_busy": "stop that process, or let commands go through it (they find it by the lock in the home)",
    "store_unavailable": "look at the disk and the database, then run the same again: nothing was half-written",
    "store_mismatch": "run `parefeu db migrate`",
    "configuration_error": "docs/operations.md lists the settings",
    "policy_rejected": "run `parefeu policy check`",
    "not_signed_in": "run `parefeu sign-in LOGIN --zone ZONE`",
    "sign_in_refused": "mind that a code works once: wait for the next one",
    "sign_in_throttled": "wait, then try again",
    "access_denied": "`parefeu policy explain` says who may",
    "budget_spent": "what is urgent is asked for by telephone; the day ends at midnight in Belgium",
    "not_found": "look at the reference; what is not yours looks the same as what does not exist",
    "notice_missing": "`parefeu case give-notice REF --language L --leaflet VERSION`",
    "illegal_step": "`parefeu case steps REF` says what is possible, and why the rest is not",
    "review_needed": "decide what is suggested: `parefeu note write` asks at a terminal, or say --suggestions",
    "review_stale": "send it again",
    "stale_version": "read the newer version and revise that",
    "identity_survives": "write the name as the case knows it, or add it as an alias",
    "erasure_held": "`parefeu erasure holds` says what each of these means, and what ends it",
    "erased": "nobody can open it any more",
    "unreachable": "look whether the server runs (`parefeu serve`), and at --url",
    "unforeseen": "the server's log has it under this number",
}


def complain(code: str, message: str, hint: str = "") -> None:
    """One line on stderr."""
    line = f"parefeu: {message.strip().rstrip('.')} [{code}]"
    advice = hint or HINTS.get(code, "")
    typer.echo(as_called(f"{line}; {advice}" if advice else line), err=True)


@contextmanager
def told() -> Iterator[None]:
    """Turns what the vault or a gateway refuses into one line and exit code 1."""
    try:
        yield
    except PolicyRejected as error:
        for fault in error.faults:
            typer.echo(fault, err=True)
        complain(error.code, f"the policy was rejected: {len(error.faults)} fault(s)")
    except VaultError as error:
        complain(error.code, str(error))
    except Problem as problem:
        complain(problem.code, problem.sentence)
    except Unreachable as error:
        complain("unreachable", str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        complain("system", f"{error.strerror or type(error).__name__}{where}")
    except (typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except Exception as error:
        if type(error).__module__.startswith("typer."):  # wrong usage: typer shows it, exit code 2
            raise
        # The text of an unforeseen exception could hold content: only its type is shown.
        complain("unforeseen", f"something failed ({type(error).__name__})", "please report it with what you typed")
    else:
        return
    raise typer.Exit(1)
