"""After the site was built: every public name has its place in it. `python docs/site/check_names.py SITE`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from api_pages import PACKAGE, public_modules


def public_names(module: str) -> Iterator[str]:
    """What the module's `__all__` lists."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            yield from ast.literal_eval(node.value)


def main() -> None:
    """Print each name that is missing; the status is 1 if one is."""
    site = Path(sys.argv[1])
    missing, count = [], 0
    for module in public_modules():
        page = (site / "api" / module / "index.html").read_text(encoding="utf-8")
        for name in public_names(module):
            count += 1
            if f'id="{module}.{name}"' not in page:
                missing.append(f"{module}.{name}")
    print("\n".join([*missing, f"{count} public names, {len(missing)} of them not in the site"]))
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
