"""Writes the playground: the studio's page, the library and PyYAML as one archive, and where Pyodide comes from."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import perception_events
from perception_events.studio.playground._examples import EXAMPLES
from perception_events.studio.playground._pyodide import PYODIDE, Pyodide
from perception_events.studio.playground._run import FILE

__all__ = ["CORE", "build_playground"]

CORE = "core.zip"
_LEFT_OUT = {"aws", "cli", "lambdas", "models", "testing", "traffic", "pipeline", "aggregation"}
"""Packages that the page does not use."""
_SCRIPT = '<script type="module" src="studio.js"></script>'
_WHEN = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive, so that the same sources give the same bytes."""


def build_playground(folder: str | Path, pyodide: Pyodide = PYODIDE) -> None:
    """Write the playground's files to `folder`, which is made where it is not there.

    The files may be served from any web server; the page asks nothing of it but them.
    `pyodide`: where the page gets Pyodide; an address that ends in a slash, absolute or relative to the page.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for package in ("perception_events.studio", "perception_events.diagrams"):
        for file in (files(package) / "static").iterdir():
            if file.name.endswith((".js", ".css")):
                (target / file.name).write_bytes(file.read_bytes())
    backend = files("perception_events.studio.playground") / "backend.js"
    (target / "backend.js").write_bytes(backend.read_bytes())
    settings = {
        "base": pyodide.base,
        "integrity": dict(pyodide.integrity),
        "core": CORE,
        "file": FILE,
        "examples": EXAMPLES,
    }
    (target / "settings.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    page = (files("perception_events.studio") / "static" / "index.html").read_text(encoding="utf-8")
    (target / "index.html").write_text(page.replace(_SCRIPT, _head(pyodide)), encoding="utf-8")
    _write_core(target / CORE)


def _head(pyodide: Pyodide) -> str:
    """The policy, the hashes of the modules, and the page's script."""
    base = pyodide.base if ":" in pyodide.base else f"./{pyodide.base}"
    scripts = {f"{base}{name}": value for name, value in pyodide.integrity.items() if name.endswith(".mjs")}
    imports = json.dumps({"imports": {"pyodide": f"{base}pyodide.mjs"}, "integrity": scripts})
    digest = b64encode(hashlib.sha256(imports.encode()).digest()).decode()
    source = f" {pyodide.base}" if ":" in pyodide.base else ""
    policy = (
        f"default-src 'none'; script-src 'self'{source} 'sha256-{digest}' 'wasm-unsafe-eval'; style-src 'self'; "
        f"connect-src 'self'{source}; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<script type="importmap">{imports}</script>\n{_SCRIPT}'
    )


def _write_core(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _core():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), content, zipfile.ZIP_DEFLATED)


def _core() -> Iterator[tuple[str, bytes]]:
    """The library's modules and data that the page needs, and PyYAML's modules without its C part."""
    root = Path(perception_events.__file__).parent
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        if file.is_file() and inside.parts[0] not in _LEFT_OUT and file.suffix != ".pyc":
            yield f"perception_events/{inside.as_posix()}", file.read_bytes()
    yaml = importlib.util.find_spec("yaml")
    for folder in (yaml.submodule_search_locations or ()) if yaml is not None else ():
        for file in sorted(Path(folder).glob("*.py")):
            yield f"yaml/{file.name}", file.read_bytes()
