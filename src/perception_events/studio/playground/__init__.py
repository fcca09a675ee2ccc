"""The studio as static files: the same page, with the library itself running in the browser; nothing leaves it.

`build_playground` writes the files; `run` is what the page calls in its Python.
"""

from __future__ import annotations

from perception_events.studio.playground._build import build_playground
from perception_events.studio.playground._examples import EXAMPLES, SAMPLES
from perception_events.studio.playground._pyodide import PYODIDE, Pyodide
from perception_events.studio.playground._run import run

__all__ = ["EXAMPLES", "PYODIDE", "SAMPLES", "Pyodide", "build_playground", "run"]
