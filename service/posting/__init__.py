"""Posting what a person kept: accounts and their hours, X, the run that posts what is due."""
