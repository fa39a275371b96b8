"""The built model, driven by the project's own engine: what is measured is what is served."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from service.articles.article import Article
from service.engine.llm_engine import NUM_PREFILL_SLOTS, LLMEngine, TokenOutput
from service.engine.model_runner import OnnxModelRunner
from service.engine.sampling_params import SamplingParams
from service.models import LoadedModel
from service.prompts import Example, Prompt, article_prompt
from service.tokenizer import Tokenizer
from service.tweets.overlap import FILE_NAME, read_index
from service.tweets.tweet import Candidate

MAX_TOKENS = 64
_NUM_ROWS, _MAX_MODEL_LEN = 16, 1024
GREEDY = SamplingParams(temperature=0.0, max_tokens=MAX_TOKENS)


class ServedModel:
    """One model, its tokenizer, its engine. For one thread."""

    def __init__(self, model: LoadedModel) -> None:
        self.spec = model.spec
        self.tokenizer = Tokenizer.from_file(model.tokenizer, model.dims.eos_ids)
        self.memory = read_index(model.folder / FILE_NAME)
        self._eos_ids = model.dims.eos_ids
        self.max_len = min(_MAX_MODEL_LEN, model.dims.context_length)
        """Tokens of prompt and answer together."""
        self._runner = OnnxModelRunner(
            model, num_slots=_NUM_ROWS + NUM_PREFILL_SLOTS, max_model_len=self.max_len
        )

    def prompt(self, article: Article) -> Prompt:
        """As the service makes it, with room for an answer."""
        room = self.max_len - MAX_TOKENS
        return article_prompt(self.tokenizer, self.spec, article.title, article.text, room)

    def draw(
        self, articles: Sequence[Article], params: SamplingParams, label: str
    ) -> list[list[Candidate]]:
        """`params.n` candidates of each article, in their order."""
        engine = LLMEngine(
            self._runner,
            eos_ids=self._eos_ids,
            max_num_seqs=_NUM_ROWS,
            max_model_len=self.max_len,
        )
        for number, article in enumerate(articles):
            prompt = self.prompt(article)
            engine.add_request(
                str(number),
                prompt.token_ids,
                params,
                num_prefix_tokens=prompt.num_prefix_tokens,
            )
        outputs = _run(engine, len(articles) * params.n, label)
        return [
            [self._candidate(outputs[str(number), index], index) for index in range(params.n)]
            for number in range(len(articles))
        ]

    def losses(self, examples: Sequence[Example]) -> list[float]:
        """Negative log-likelihood of every token of the answers, in nats."""
        found: list[float] = []
        for start in range(0, len(examples), _NUM_ROWS):
            found += self._row_losses(examples[start : start + _NUM_ROWS])
        return found

    def _row_losses(self, examples: Sequence[Example]) -> list[float]:
        """One example a row; all rows take their next token in one step."""
        # The longest answer first, so that the rows still in use are always the first ones.
        rows = sorted(examples, key=_num_answer_tokens, reverse=True)
        found = []
        for slot, example in enumerate(rows):
            logits = self._runner.prefill(slot, example.token_ids[: example.num_prompt_tokens], 0)
            found.append(_loss(logits, example.token_ids[example.num_prompt_tokens]))
        for step in range(1, _num_answer_tokens(rows[0])):
            live = [row for row in rows if _num_answer_tokens(row) > step]
            lengths = [row.num_prompt_tokens + step - 1 for row in live]
            given = [row.token_ids[at] for row, at in zip(live, lengths, strict=True)]
            logits = self._runner.decode(given, lengths)
            wanted = [row.token_ids[at + 1] for row, at in zip(live, lengths, strict=True)]
            found += [_loss(row, token) for row, token in zip(logits, wanted, strict=True)]
        return found

    def _candidate(self, outputs: list[TokenOutput], index: int) -> Candidate:
        ids = [output.token_id for output in outputs]
        return Candidate(
            index=index,
            text=self.tokenizer.decode(ids),
            mean_logprob=sum(output.logprob for output in outputs) / len(outputs),
            complete=outputs[-1].finish_reason == "stop",
        )


def _run(
    engine: LLMEngine, num_candidates: int, label: str
) -> dict[tuple[str, int], list[TokenOutput]]:
    outputs: dict[tuple[str, int], list[TokenOutput]] = {}
    with tqdm(total=num_candidates, desc=label, unit="text") as bar:
        while engine.has_work:
            for output in engine.step():
                outputs.setdefault((output.request_id, output.index), []).append(output)
                bar.update(output.finish_reason is not None)
    return outputs


def _num_answer_tokens(example: Example) -> int:
    return len(example.token_ids) - example.num_prompt_tokens


def _loss(logits: NDArray[np.float32], token: int) -> float:
    shifted = logits.astype(np.float64) - logits.max()
    return float(np.log(np.exp(shifted).sum()) - shifted[token])
