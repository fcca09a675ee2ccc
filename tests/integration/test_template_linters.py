"""AWS's own tools read the templates: cfn-lint."""

from __future__ import annotations

import pytest

from perception_events.infrastructure import render
from support.declarations import DECLARATIONS

pytestmark = pytest.mark.aws_parts
api = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed; it comes with the [dev] extra")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", DECLARATIONS)
def test_cfn_lint_finds_nothing(name: str) -> None:
    pipeline, env = DECLARATIONS[name]
    found = api.lint(render(pipeline, env, "cloudformation"))
    assert [str(match) for match in found] == []
