"""Rows as a run would write them."""

from __future__ import annotations

from service.bulk.rows import Row


def some_rows(job: int, num: int = 1, text: str = "A tweet 🌧", seed: int = 100) -> list[Row]:
    return [
        Row(
            text=text,
            model="tiny",
            seed=seed + job,
            index=index,
            prompt=None,
            source=None,
            article_title=None,
            article_text=None,
            flags=(),
            overlap=None,
            finish_reason="stop",
            job=job,
            num_rows=num,
            run="run",
        )
        for index in range(num)
    ]
