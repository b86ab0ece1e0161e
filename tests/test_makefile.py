"""What `make help` names can be made: a phony target without a rule says "nothing to be done" and succeeds."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_everything_that_help_names_has_a_rule() -> None:
    text = (ROOT / "Makefile").read_text()
    named = re.findall(r"^\t@echo 'make (\w+) ", text, re.MULTILINE)
    assert len(named) > 8
    for target in named:
        assert re.search(rf"^{target}:.*(\S|\n\t\S)", text, re.MULTILINE), target
