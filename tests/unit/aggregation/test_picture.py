"""The picture of joins, and the one in the documentation, which must be that of the example."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from perception_events.aggregation import FallbackPolicy, Join, Manifest, joins_mermaid

ROOT = Path(__file__).resolve().parents[3]


def test_what_is_written_on_a_join() -> None:
    day = timedelta(days=1)
    picture = joins_mermaid(
        [
            Join(on="a", expects=2, trigger=("end",), deadline=day, policy=FallbackPolicy.TRIGGER),
            Join(on=("b", 'c"'), trigger=("d-e",), name="x", deadline=timedelta(seconds=90)),
            Join(on="d-e", expects=Manifest("m"), trigger=("f",), deadline=day, policy=FallbackPolicy.ALERT),
            Join(on="f", expects=lambda key: 1, trigger=("g",)),
        ]
    )
    assert picture.splitlines()[8:14] == [
        '    join__a{{"any 2<br/>for each site, date<br/>after 1 d: start with who is there"}}',
        '    join__x{{"b, c#34;<br/>for each site, date<br/>after 90 s: overdue"}}',
        '    join__d_2d_e{{"as m says<br/>for each site, date<br/>after 1 d: alert"}}',
        '    join__f{{"as a function says<br/>for each site, date"}}',
        "    _a --> join__a",
        "    join__a --> _end",
    ]


def test_the_documentation_has_the_picture_of_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "examples" / "ten_modules"))
    import ten_modules  # type: ignore[import-not-found]

    sys.modules.pop("ten_modules")
    page = (ROOT / "docs" / "aggregation.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{joins_mermaid(ten_modules.pipeline.joins)}```" in page
