"""Peers that run in process, each a script of its own: `python -m bench.peers.X WEIGHTS` prints a
result as JSON. They run in an environment with bench/requirements.txt, and import nothing of the
project but `bench`."""
