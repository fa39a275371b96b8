"""From tweets and articles to pairs fit to train on: matched, without doubles, split, weighed."""
