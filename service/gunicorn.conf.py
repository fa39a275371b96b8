"""gunicorn's settings, from the project's own. One process: the engine batches all requests."""

from service.config import Config

_config = Config.from_env()
_SPARE_THREADS = 64
"""Beyond those that slots and queue can hold, so that health checks and refusals never wait behind
clients that stall. One that nobody needs is never started."""

_host = _config.server.host
bind = f"{f'[{_host}]' if ':' in _host and _host[0] != '[' else _host}:{_config.server.port}"
wsgi_app = "service.wsgi:app"
workers = 1
worker_class = "service.gunicorn_worker.Worker"
threads = _config.engine.max_num_seqs + _config.engine.max_queued + _SPARE_THREADS
worker_connections = 2 * threads + 256
backlog = 512
keepalive = 15
# Of the worker's main loop, which never runs a request; it covers loading the models.
timeout = 120
# The worker itself ends what is left after `drain_s`; this is for one that hangs.
graceful_timeout = int(_config.server.drain_s) + 10
control_socket_disable = True
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
accesslog = None
logger_class = "service.gunicorn_worker.JsonLogger"
loglevel = _config.log.level
