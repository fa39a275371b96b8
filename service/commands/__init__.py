"""Commands of `doc2tweet` that `cli.py` loads when they are asked for, a file a topic.

Results go to stdout, everything else to stderr.
"""

LAZY = {
    "accounts": "service.commands.accounts:accounts",
    "bulk": "service.commands.bulk:bulk",
    "drafts": "service.commands.drafts:drafts",
    "post": "service.commands.post:post",
}
"""Command -> where it is; importing none of them."""
