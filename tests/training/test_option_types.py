"""Numbers that are none are refused where they are typed, not minutes later."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from training.cli import main


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "-1"])
@pytest.mark.parametrize(
    "option",
    [
        "pairs --dev-share",
        "pairs --test-share",
        "finetune --rate",
        "finetune --dropout",
        "finetune --title-drop",
        "finetune --max-teaser",
        "finetune --ungrounded-weight",
        "self-train --temperature",
        "scrape --spacing",
        "run --archive x --name x --spacing",
        "run --archive x --name x --rate",
    ],
)
def test_what_is_no_share_or_rate_is_a_usage_error(option: str, number: str) -> None:
    result = CliRunner().invoke(main, [*option.split(), number])
    assert (result.exit_code, f"'{option.split()[-1]}'" in result.output) == (2, True)


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
@pytest.mark.parametrize("command", ["evaluate --pairs x", "finetune", "sweep", "self-train"])
def test_a_seed_is_one_that_every_generator_takes(command: str, seed: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--seed", seed])
    assert (result.exit_code, "'--seed'" in result.output) == (2, True)
