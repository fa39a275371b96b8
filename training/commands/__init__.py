"""One module a subcommand of `doc2tweet-train`, with a click command called `command`."""
