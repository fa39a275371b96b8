"""doc2tweet's training: from a folder of tweets to a model that `service` can serve."""
