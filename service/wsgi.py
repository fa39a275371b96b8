"""What gunicorn serves; imported in the worker, after the fork, for the model's session."""

from service.app import create_app
from service.config import Config

app = create_app(Config.from_env())
