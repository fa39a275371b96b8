"""From what people have (an X archive, CSV, JSONL, text, the X API) to `RawTweet`s.

Each source is one module that knows its own format alone; `cleaning` and `selection` treat what
they give alike.
"""
