"""The published formats of training data, as rules: each raises AssertionError for a line that breaks one.

sft: OpenAI's chat format (developers.openai.com/api/docs/guides/supervised-fine-tuning, and the format check of its
cookbook, "Data preparation and analysis for chat model fine-tuning"). dpo: OpenAI's preference format (…/guides/
direct-preference-optimization; schema FineTunePreferenceRequestInput). kto: TRL's unpaired preference in conversational
form (huggingface.co/docs/trl/dataset_formats).
"""

import json
from collections.abc import Callable
from typing import Any

_ROLES = {"system", "developer", "user", "assistant", "tool", "function"}
_KEYS = {"role", "content", "name", "function_call", "tool_calls", "tool_call_id", "weight", "refusal"}


def read_line(line: str) -> Any:
    """JSON lines: UTF-8, one object a line, no BOM, no carriage returns, and nothing that JSON does not have."""

    def refuse(constant: str) -> Any:
        raise AssertionError(f"{constant} is no JSON")

    line.encode("utf-8")
    assert line.endswith("\n")
    assert not line.startswith("\ufeff")
    assert "\n" not in line[:-1]
    assert "\r" not in line
    found = json.loads(line, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


def _messages(messages: Any, roles: set[str]) -> None:
    assert isinstance(messages, list)
    assert messages
    for message in messages:
        assert isinstance(message, dict)
        assert {"role", "content"} <= set(message) <= _KEYS
        assert message["role"] in roles
        assert isinstance(message["content"], str)
        assert message["content"]
        if "weight" in message:
            assert message["role"] == "assistant"
            assert message["weight"] in (0, 1)


def sft(example: Any) -> None:
    assert set(example) <= {"messages", "tools", "parallel_tool_calls", "functions"}
    _messages(example["messages"], _ROLES)
    roles = [message["role"] for message in example["messages"]]
    assert "assistant" in roles
    assert roles[-1] == "assistant", "what is to be learned comes last"
    assert "system" not in roles[1:]


def dpo(example: Any) -> None:
    assert set(example) == {"input", "preferred_output", "non_preferred_output"}
    assert {"messages"} <= set(example["input"]) <= {"messages", "tools", "parallel_tool_calls"}
    _messages(example["input"]["messages"], _ROLES)
    assert example["input"]["messages"][-1]["role"] != "assistant"
    for name in ("preferred_output", "non_preferred_output"):
        assert len(example[name]) == 1, "examples are of one turn"
        _messages(example[name], {"assistant"})
    assert example["preferred_output"] != example["non_preferred_output"]


def kto(example: Any) -> None:
    assert set(example) == {"prompt", "completion", "label"}
    _messages(example["prompt"], {"system", "user", "assistant"})
    _messages(example["completion"], {"assistant"})
    assert example["prompt"][-1]["role"] == "user"
    assert example["completion"][-1]["role"] == "assistant"
    assert type(example["label"]) is bool


CHECKS: dict[str, Callable[[Any], None]] = {"sft": sft, "dpo": dpo, "kto": kto}
