"""How the prompts of a trained voice look. Training and serving read the same `PromptSpec`.

A trained model needs no coaxing: a short instruction, the title marked as such, the article's head.
"""

from __future__ import annotations

from service.model_spec import Family, PromptFormat, PromptSpec

ARTICLE_CHARS = 700
"""Measured in docs/experiments.md."""
_STARTS = {"chatml": "<|im_start|>", "markers": "<|tweet|>", "plain": "<|endoftext|>"}
_INSTRUCTION, _TITLE = "Write a tweet about this article.\n\n", "Title: "


def voice_prompt(
    prompt_format: PromptFormat, article_chars: int = ARTICLE_CHARS, *, style_only: bool = False
) -> PromptSpec:
    """The prompt of a voice in one of the formats.

    Args:
        style_only: it learns tweets without articles, and begins a text from nothing.
    """
    start = _STARTS[prompt_format] if style_only else ""
    if prompt_format == "markers":
        return PromptSpec("markers", article_chars=article_chars, start=start)
    if prompt_format == "plain":
        return PromptSpec(
            "plain",
            article_title=_TITLE,
            article_cue="\n\nTweet:",
            article_chars=article_chars,
            start=start,
        )
    return PromptSpec(
        "chatml",
        article_instruction=_INSTRUCTION,
        article_title=_TITLE,
        article_chars=article_chars,
        start=start,
    )


def usual_format(family: Family) -> PromptFormat:
    """What the family's bases know: the instruct models turns, GPT-2 only text."""
    return "chatml" if family == "llama" else "plain"
