"""Candidates that a person chooses from: the store, its state machine, its migrations."""
