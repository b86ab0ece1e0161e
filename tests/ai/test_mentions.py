"""Which files a message names; `client/src/chat/mentions.test.ts` tries the same cases."""

import json
from pathlib import Path
from typing import Any

import pytest

from ai.chat.mentions import mentioned

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "mentions.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_files_that_are_named(case: dict[str, Any]) -> None:
    assert mentioned(case["text"], set(case["files"]).__contains__) == case["found"]
