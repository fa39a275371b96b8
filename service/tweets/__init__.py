"""The rules of a tweet that can be posted: pure functions, text in, text and findings out."""
