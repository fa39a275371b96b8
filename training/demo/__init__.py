"""An invented account in an invented town, with its archive and its pages, to try every stage on.

Nothing here is fetched or copied; the same seed writes the same town.
"""
