"""Many texts at once: jobs out of files, a full batch through the engine, rows that survive a stop."""
