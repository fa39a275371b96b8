"""A service over models without weights: real routes, pipeline, admission and engine.

`create_fake_app` is what gunicorn serves where a test needs its behaviour, not a model's words.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as BackendTokenizer

from service.admission import Admission
from service.api.parts import Parts
from service.app import make_app
from service.articles.reader import ArticleReader
from service.config import Config
from service.engine.llm_engine import LLMEngine
from service.engine.worker import EngineWorker
from service.lifecycle import Lifecycle
from service.model_spec import FolderSource, ModelSpec, PromptSpec
from service.observability import Metrics, log_to_stderr
from service.pipeline import Pipeline, ServedModel
from service.tokenizer import Tokenizer
from tests.fakes import EOS, FakeRunner, byte_tokenizer

MAX_MODEL_LEN = 2048
BELL = 7
TINY = ModelSpec(
    name="tiny",
    title="Tiny",
    description="A model without weights.",
    family="gpt2",
    licence="Apache-2.0",
    context_length=MAX_MODEL_LEN,
    tasks=("generate", "chat", "tweet"),
    prompt=PromptSpec(format="chatml", system="You are tiny.", article_cue="\nTweet:"),
    sources=(FolderSource(path="."),),
)
PLAIN = replace(
    TINY, name="plain", tasks=("generate",), prompt=PromptSpec(format="plain", article_cue="\n")
)


@cache
def chat_tokenizer() -> Tokenizer:
    """The bytes, the end marker, and 257 and 258 for the borders of a turn."""
    backend = BackendTokenizer.from_str(byte_tokenizer()._backend.to_str())
    backend.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    return Tokenizer(backend)


def fake_parts(config: Config, runner: FakeRunner, reader: ArticleReader) -> Parts:
    """Everything that `app.build_parts` makes, with `runner` in the place of the weights."""
    limits = {"max_num_seqs": config.engine.max_num_seqs, "max_model_len": MAX_MODEL_LEN}
    engines = {
        "tiny": LLMEngine(runner, eos_ids=[EOS], **limits),
        "plain": LLMEngine(ChatRunner(), eos_ids=[EOS], **limits),
    }
    worker = EngineWorker(engines, max_queued=config.engine.max_queued)
    worker.start()
    served = [
        ServedModel(spec, chat_tokenizer(), MAX_MODEL_LEN, config.engine.max_num_seqs)
        for spec in (TINY, PLAIN)
    ]
    pipeline = Pipeline(served, worker, Admission(worker), reader)
    return Parts(config, pipeline, Lifecycle(), Metrics(), worker.close)


class ChatRunner(FakeRunner):
    """Knows the borders of a turn, and never draws one. A step takes at least `step_s`.

    A text that begins with a bell breaks the step that would bring it to eight tokens.
    """

    def __init__(self, step_s: float = 0.0) -> None:
        super().__init__()
        self._step_s = step_s

    def decode(self, token_ids: Sequence[int], lengths: Sequence[int]) -> NDArray[np.float32]:
        for row, length in zip(self.rows, lengths, strict=False):
            if row[0][0] == BELL and length == 7:
                raise RuntimeError("onnxruntime failed")
        return super().decode(token_ids, lengths)

    def _begin(self, what: str, number: int) -> None:
        time.sleep(self._step_s)
        super()._begin(what, number)

    def _logits(self, slot: int) -> NDArray[np.float32]:
        return np.pad(super()._logits(slot), (0, 2), constant_values=-1e9)


def create_fake_app(step_s: float) -> Any:
    """For gunicorn: `tests.fake_service:create_fake_app(0.01)`."""
    config = Config.from_env()
    log_to_stderr(config.log.level)
    reader = ArticleReader(config.fetch)
    parts = fake_parts(config, ChatRunner(step_s), reader)

    def close() -> None:
        parts.close()
        reader.close()

    return make_app(replace(parts, close=close))
