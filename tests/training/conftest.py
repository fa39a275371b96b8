from __future__ import annotations

import pytest

from tests.tiny_voices import Workshop, make_workshop
from training.deliver import Delivery
from training.tuning.options import FinetuneOptions


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A tiny GPT-2, fine-tuned for one epoch and delivered as `me`."""
    options = FinetuneOptions(epochs=1, rate=1e-2, micro_batch_size=16)
    made = make_workshop(tmp_path_factory.mktemp("shop"), options)
    made.deliver(Delivery("me"))
    return made
