"""From a URL to an article: fetch safely, extract in a child process."""
