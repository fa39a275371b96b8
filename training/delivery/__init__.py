"""From what training left to what serving loads: a model folder, and proof that it is right."""
