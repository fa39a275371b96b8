"""How fast the engine and the service are, beside what a user might take instead.

`python -m bench` runs every system in a process of its own, one after the other, on the same
weights and the same work, and prints a table. Timing never fails anything.
"""
