"""Many texts at once: jobs out of files, a full batch of work, rows that survive a stop."""
