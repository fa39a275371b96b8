"""The tables' history. `alembic` reads these files; `database.py` runs them when it opens."""
