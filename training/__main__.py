"""`python -m training` is `doc2tweet-train`."""

from training.cli import main

if __name__ == "__main__":
    main(prog_name="doc2tweet-train")
