"""What gunicorn serves; imported in the worker, after the fork, for the model's session."""

import sys

from service.app import create_app
from service.config import Config
from service.errors import Doc2TweetError

_APP_LOAD_ERROR = 4
"""To gunicorn's master: starting another worker would end the same way."""

try:
    app = create_app(Config.from_env())
except Doc2TweetError as error:
    sys.stderr.write(f"doc2tweet: {error.detail}\n")
    sys.exit(_APP_LOAD_ERROR)
