# Two stages: the first runs the same `make` targets as people do, the second holds only what serves.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/doc2tweet
COPY pyproject.toml constraints.txt README.md LICENSE Makefile openapi.yaml ./
COPY service service
COPY training training
COPY models models
RUN make install
RUN make build

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home doc2tweet
# The environment is an editable install of this folder, so both keep their paths.
COPY --from=build /srv/doc2tweet /srv/doc2tweet
WORKDIR /srv/doc2tweet
ENV PATH=/srv/doc2tweet/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DOC2TWEET_HOST=0.0.0.0
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["doc2tweet"]
CMD ["serve"]
