"""A graph as one page that needs nothing else: the SVG, with pan, zoom, search and filters."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape

from perception_events.diagrams._graph import Graph
from perception_events.diagrams._svg import graph_svg, static_text

__all__ = ["graph_html"]


def graph_html(graph: Graph) -> str:
    """An HTML page; the same graph gives the same text.

    It can be attached to a pull request: it loads nothing, and its content security policy allows only the script and
    the style that it holds, by their hashes. It works by keyboard, and is dark where the reader's system is.
    """
    style = "".join(static_text(name) for name in ("diagram.css", "viewer.css", "page.css"))
    script = static_text("diagram.js") + static_text("viewer.js")
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'"
    title = escape(graph.title or "Diagram")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<label>Search <input id="search" type="search"></label> <span id="count" role="status"></span>
<span><button id="fit">Fit</button> <button id="zoomIn" aria-label="Zoom in">+</button>
<button id="zoomOut" aria-label="Zoom out">−</button></span>
<details><summary>Show</summary>
<div id="kinds" class="kinds" role="group" aria-label="Kinds that are shown"></div></details>
</header>
<main id="viewport" class="viewport">
{graph_svg(graph, styled=False)}</main>
<footer id="details" aria-live="polite">Choose a box to see its pattern. Arrow keys move, + and - zoom, 0 fits.</footer>
<script type="module">{script}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
