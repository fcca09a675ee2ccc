"""Texts that some format takes for more than text, put together at random."""

from __future__ import annotations

from random import Random

__all__ = ["MARK", "hostile_words"]

MARK = "zq7"
"""In every word, so that it is found in what a format makes of it."""

_PIECES = (
    # Terraform, CloudFormation, SAM, serverless
    *(
        '${file("/etc/passwd")}',
        "$${x}",
        "$$${x}",
        "${",
        "$",
        "$$",
        "%{ if true }",
        "%%{",
        "%{for x in []}",
        "%",
        "$%{",
    ),
    *("${AWS::AccountId}", "${!x}", "{{resolve:ssm:x", "!Ref x", "Fn::Sub", "${self:custom.x}", "${var.x}"),
    # YAML, JSON
    *(": ", " #", "- ", "'", '"', "\\", "\\u0041", "{", "}", "[", "]", "~", "&a", "*a", "|", ">", "\n", "\t", "yes"),
    # HTML, SVG
    *("</script><script>pwned=1</script>", "<img src=x onerror=pwned=1>", "</title>", "-->", "<!--", "]]>", "&lt;"),
    *("</text></svg><svg onload=pwned=1>", "<style>*{display:none}</style>", "javascript:pwned=1"),
    *("' onclick='pwned=1", "&#60;"),
    # Mermaid, Markdown
    *('"]; click n0 call pwned() %%', "%%{init: {'securityLevel': 'loose'}}%%", "#quot;", "#60;", ":::x", "end\n"),
    *("](javascript:pwned=1)", "[x](http://x.example)", "![x](http://x.example/y)", "**", "__", "# x", "\n---\n"),
    *("```", "`", "$$x$$", "|x|", "@user"),
    # terminals, right to left, odd letters
    *("\x1b[31m", "\x07", "\r", "\u202e", "\u2028", "\ufeff", "\U0001f600", "é", "\u0301", "\x7f"),
)


def hostile_words(count: int, seed: int = 2026) -> list[str]:
    """`count` words of a few pieces each, the same for the same seed."""
    random = Random(seed)
    return [f"{MARK}{''.join(random.choices(_PIECES, k=random.randint(3, 7)))}{MARK}" for _ in range(count)]
