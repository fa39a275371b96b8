"""How good a voice is: the served model asked for tweets, and what it says measured."""
