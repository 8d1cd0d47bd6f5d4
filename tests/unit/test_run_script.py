"""`./run`, the one door: what it says, where it looks, and what it does about a set-up that ended half-way.

The script is the real one; the interpreter is a stand-in that makes an environment without the network and tells what
it was asked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
_INPUTS: Final = ("run", "requirements.txt", "pyproject.toml", "gateway/pages/recipe/manifest.json")
#: Needs nothing but a shell. Its environment holds a copy of itself, and programs that tell where and how they are run.
_PYTHON: Final = """#!/bin/bash
echo "python $*" >>"$ASKED"
if [ "$1 $2" = "-m venv" ]; then
    to=$3
    mkdir -p "$to/bin"
    cp "$0" "$to/bin/python"
    [ -n "${CUT_OFF:-}" ] && exit 1
    touch "$to/has-pip"
    for program in uv parefeu; do
        printf '#!/bin/bash\\necho "%s in $PWD home ${PAREFEU_HOME:-} with $*"\\n' "$program" >"$to/bin/$program"
        chmod +x "$to/bin/$program"
    done
elif [ "$1 $2" = "-m pip" ]; then
    [ -f "$(dirname "$0")/../has-pip" ] || { echo "No module named pip" >&2; exit 1; }
fi
"""


class Place:
    """A folder of the project's, with a blank and an accent in its name, and somebody who calls from elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.project, self.elsewhere = folder / "mon projet é", folder / "ailleurs"
        self.asked = folder / "asked"
        self.asked.touch()
        self.elsewhere.mkdir()
        for name in _INPUTS:
            target = self.project / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
        self.python = folder / "python"
        self.python.write_text(_PYTHON)
        self.python.chmod(0o755)

    def run(
        self, *words: str, script: Path | None = None, cwd: Path | None = None, **more: str
    ) -> tuple[int, str, str]:
        environment = {"PATH": "/usr/bin:/bin", "ASKED": str(self.asked), "PAREFEU_PYTHON": str(self.python)} | more
        done = subprocess.run(
            [script or self.project / "run", *words], cwd=cwd or self.elsewhere, env=environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.strip(), done.stderr.strip()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_path_is_meant_from_where_somebody_stands(place: Place) -> None:
    """The home is the project's, whoever calls from wherever, unless they name one."""
    code, out, _ = place.run("notes", "import", "./notes")
    home = place.project / "parefeu-home"
    assert (code, out.splitlines()[-1]) == (0, f"parefeu in {place.elsewhere} home {home} with notes import ./notes")
    assert place.run("serve", PAREFEU_HOME="/elsewhere")[1].endswith("home /elsewhere with serve")
    assert place.run("serve", cwd=place.project)[1] == f"parefeu in {place.project} home  with serve"


def test_it_finds_its_project_by_a_link_and_whatever_cdpath_says(place: Place) -> None:
    link = place.elsewhere / "parefeu"
    link.symlink_to(place.project / "run")
    assert place.run("serve", script=link)[0] == 0
    decoy = place.elsewhere / "decoy" / place.project.name
    decoy.mkdir(parents=True)
    code, out, err = place.run(
        "serve", script=Path(place.project.name, "run"), cwd=place.project.parent, CDPATH=str(decoy.parent)
    )
    assert (code, err) == (0, "")
    assert out.startswith(f"parefeu in {place.project.parent} ")


def test_without_a_python_that_fits_it_says_so_and_nothing_else(place: Place) -> None:
    tools = place.elsewhere / "tools"
    tools.mkdir()
    for name in ("bash", "cat", "cksum", "dirname", "env", "readlink", "rm"):
        (tools / name).symlink_to(str(shutil.which(name)))
    code, out, err = place.run("serve", PATH=str(tools), PAREFEU_PYTHON="")
    assert (code, out) == (1, "")
    assert [line for line in err.splitlines() if "setting up" not in line] == [
        "parefeu: Python 3.11, 3.12 or 3.13 with the venv module is needed; set PAREFEU_PYTHON to one."
    ]


def test_an_environment_that_was_cut_off_is_made_anew(place: Place) -> None:
    code, _, err = place.run("serve", CUT_OFF="1")
    assert code == 1
    assert "could not make a virtual environment" in err
    assert (place.project / ".venv" / "bin" / "python").exists()
    code, out, _ = place.run("serve")
    assert (code, out.splitlines()[-1].split()[0]) == (0, "parefeu")


def test_it_is_set_up_once_and_again_where_it_was_copied_to(place: Place) -> None:
    """A copy's environment would go on running the program of the place that it was copied from."""
    place.run("serve")
    place.asked.write_text("")
    assert place.run("serve")[2] == ""
    assert place.asked.read_text() == "", "nothing is asked of the network or of anybody once it is set up"
    copy = place.project.with_name("copie")
    shutil.copytree(place.project, copy)
    assert "setting up" in place.run("serve", script=copy / "run")[2]
    assert place.run("serve", script=copy / "run")[2] == ""
    assert os.access(copy / ".venv" / "bin" / "parefeu", os.X_OK)


def test_an_environment_elsewhere_is_named_from_the_project_and_nothing_in_it_is_lost(place: Place) -> None:
    (place.project / "env").mkdir()
    (place.project / "env" / "kept").write_text("of somebody's")
    for _ in range(2):
        assert place.run("serve", PAREFEU_VENV="env")[0] == 0
    assert (place.project / "env" / "kept").exists()
    assert not (place.project / ".venv").exists()
