"""Which Python the playground runs in the browser, and the hashes by which the page knows its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PYODIDE", "Pyodide"]


@dataclass(frozen=True, slots=True)
class Pyodide:
    """A release of Pyodide.

    `base`: the address of the folder that holds it. `integrity`: the hash of each file that the page loads from there,
    as browsers check it; a file without one is never loaded.
    """

    base: str
    integrity: Mapping[str, str] = field(default_factory=dict)


VERSION = "314.0.7"
PYODIDE = Pyodide(
    f"https://cdn.jsdelivr.net/npm/pyodide@{VERSION}/",
    {
        "pyodide.mjs": "sha384-Lp79fMwxa4n2BLtugpUAoQMlbxIdg8iCUiP1r3h7nJLkQjwlXT1JzZTeHVL+f4Dg",
        "pyodide.asm.mjs": "sha384-/2281iaC0Iimw0B3Kagy1DBfZcJG3W4KYW+EmOqhsdY3fR9BJ88FE2Zt6y0KQKpa",
        "pyodide.asm.wasm": "sha384-y++qrQ72KPA1fTjLIuGMP+jppgGxjbLCgfdb0zMrnNnQVhxRUXTOTF6rTxNzllSu",
        "python_stdlib.zip": "sha384-xW3A5jmenkrPXbsgrIaB1FCJh9OuLT7FRMagsJMgtlhVc19k/mSy3+7nMaF/d767",
        "pyodide-lock.json": "sha384-o8SQQvpVlZnOl04+3dFTJipKxul9GbViVusA379wlOrfHSgxbzt0yPiqCTxOiYES",
    },
)
"""The release that the published playground uses; npm's package of that version has the same files."""
