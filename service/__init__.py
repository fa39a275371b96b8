"""doc2tweet's service: an article's URL in, a tweet out."""
