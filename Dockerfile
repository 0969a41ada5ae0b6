# agripark as an image: `agripark up` unless another command is given. docs/compose.md.

FROM python:3.11.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY park ./park
COPY ingest ./ingest
COPY traceability ./traceability
COPY api ./api
COPY grafana ./grafana
COPY simulators ./simulators
RUN python -m venv /opt/agripark \
 && /opt/agripark/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt .

FROM python:3.11.13-slim-bookworm
# The folder is made here so that a new volume takes its owner.
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/agripark agripark \
 && install --directory --owner=agripark --group=agripark --mode=0750 /var/lib/agripark
COPY --from=build /opt/agripark /opt/agripark
ENV PATH=/opt/agripark/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AGRIPARK_DATA_DIR=/var/lib/agripark \
    AGRIPARK_API_HOST=0.0.0.0 \
    AGRIPARK_API_PORT=8000
USER 10001:10001
WORKDIR /var/lib/agripark
VOLUME /var/lib/agripark
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['AGRIPARK_API_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["agripark"]
CMD ["up"]
