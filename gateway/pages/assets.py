"""Third-party styles, scripts and font of the pages: made once from npm's packages, checked, served, never committed.

    python -m gateway.pages.assets            make what is missing or old
    python -m gateway.pages.assets --accept   write down what was made as what is expected (after a change of versions)

`recipe/` names exact versions and digests (npm's lock file) and the style sheet to be made; `recipe/manifest.json` says
which bytes must come out. What differs is thrown away: the pages then go without it, and the tests fail. axe-core is
for the tests, the Noto fonts are for letters on paper (`gateway.printing`); nobody is served either.

Where no Node is installed, one comes from a wheel, by hash (`recipe/node.txt`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
RECIPE: Final = HERE / "recipe"
STATIC: Final = HERE / "static"
MANIFEST: Final = RECIPE / "manifest.json"
_STAMP: Final = STATIC / ".made-from"
_INGREDIENTS: Final = (
    "package.json",
    "package-lock.json",
    "pages.scss",
    "pages.js",
    "manifest.json",
    "node.txt",
    "LICENSE.govuk-frontend.txt",
)
_FONTS: Final = "@fontsource/atkinson-hyperlegible-next/files/atkinson-hyperlegible-next"
#: Noto families for names that the pages' font cannot write, each with its subset. Letters alone use them.
NOTO: Final = (
    *(("noto-sans", subset) for subset in ("latin-ext", "vietnamese", "greek", "cyrillic", "cyrillic-ext")),
    *((f"noto-sans-{script}", script) for script in (
        "arabic", "armenian", "bengali", "devanagari", "ethiopic", "georgian", "gurmukhi", "hebrew", "sinhala", "tamil",
    )),
    ("noto-sans-sc", "chinese-simplified"),
)  # fmt: skip
#: What is taken as it is: where it lies in the packages, and its name here.
COPIED: Final[dict[str, str]] = {
    **{f"@fontsource/{family}/files/{family}-{subset}-400-normal.woff2": f"{family}-{subset}.woff2"
       for family, subset in NOTO},
    **{f"@fontsource/{family}/LICENSE": f"LICENSE.{family}.txt" for family in dict(NOTO)},
    f"{_FONTS}-latin-400-normal.woff2": "atkinson-latin-400.woff2",
    f"{_FONTS}-latin-700-normal.woff2": "atkinson-latin-700.woff2",
    f"{_FONTS}-latin-ext-400-normal.woff2": "atkinson-latin-ext-400.woff2",
    f"{_FONTS}-latin-ext-700-normal.woff2": "atkinson-latin-ext-700.woff2",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "axe-core/axe.min.js": "axe.js",
    "@fontsource/atkinson-hyperlegible-next/LICENSE": "LICENSE.atkinson-hyperlegible-next.txt",
    "htmx.org/LICENSE": "LICENSE.htmx.txt",
    "axe-core/LICENSE": "LICENSE.axe-core.txt",
}  # fmt: skip
#: Ours: as it stands in the recipe.
OURS: Final = ("pages.js", "icon.svg", "LICENSE.govuk-frontend.txt")


def main(words: list[str]) -> int:
    """Make the assets where they are missing or old. 0: they are there; 1: they could not be made."""
    if "--accept" not in words and whole():
        return 0
    try:
        with tempfile.TemporaryDirectory(prefix="parefeu-assets-") as folder:
            made = _make(Path(folder))
            if "--accept" in words:
                MANIFEST.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", "utf-8")
            wrong = sorted(name for name in made.keys() | expected().keys() if made.get(name) != expected().get(name))
            if wrong:
                print(f"parefeu: these assets are not the expected ones: {', '.join(wrong)}", file=sys.stderr)  # noqa: T201
                return 1
            _install(Path(folder) / "static")
    except (OSError, subprocess.SubprocessError) as fault:
        print(f"parefeu: the pages' assets could not be made ({type(fault).__name__})", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def expected() -> dict[str, str]:
    """Name to SHA-256 of every file that is served."""
    found: dict[str, str] = json.loads(MANIFEST.read_text("utf-8"))
    return found


def whole() -> bool:
    """Whether the assets are there and made from this recipe."""
    try:
        return _STAMP.read_text("ascii") == _recipe_digest()
    except OSError:
        return False


def _recipe_digest() -> str:
    digest = sha256()
    for name in _INGREDIENTS:
        digest.update(sha256((RECIPE / name).read_bytes()).digest())
    return digest.hexdigest()


def _make(folder: Path) -> dict[str, str]:
    """Fetch and build in `folder`; what came out, by name."""
    for name in ("package.json", "package-lock.json", ".npmrc", "pages.scss"):
        shutil.copy(RECIPE / name, folder / name)
    path = _with_node()
    environment = os.environ | {"PATH": path}
    npm = shutil.which("npm", path=path) or "npm"
    quiet = ("--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([npm, "ci", *quiet], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    out = folder / "static"
    out.mkdir()
    packages = folder / "node_modules"
    for source, name in COPIED.items():
        shutil.copy(packages / source, out / name)
    for name in OURS:
        shutil.copy(RECIPE / name, out / name)
    node = shutil.which("node", path=path) or "node"
    sass = [node, str(packages / "sass" / "sass.js"), "--no-source-map", "--style=compressed", "--quiet-deps"]
    sass += ["--load-path", str(packages), "pages.scss", "static/pages.css"]
    subprocess.run(sass, cwd=folder, env=environment, check=True)
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(out.iterdir())}


def _with_node() -> str:
    """A search path on which node and npm are."""
    path = os.environ.get("PATH", "")
    if shutil.which("node") and shutil.which("npm"):
        return path
    beside = Path(sys.executable).parent
    uv = shutil.which("uv", path=str(beside)) or "uv"
    # The check that ends a set-up is `run`'s; a node of its own stays beside the interpreter, where nothing else looks.
    command = [uv, "pip", "install", "--quiet", "--system-certs", "--require-hashes", "--python", sys.executable]
    subprocess.run([*command, "-r", str(RECIPE / "node.txt")], check=True)
    return f"{beside}{os.pathsep}{path}"


def _install(made: Path) -> None:
    if STATIC.exists():
        shutil.rmtree(STATIC)
    shutil.copytree(made, STATIC)
    _STAMP.write_text(_recipe_digest(), "ascii")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
