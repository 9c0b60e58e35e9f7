# The image of web, worker and migrations; the command chooses which.
#   docker build --file deploy/images/control-plane.Dockerfile --tag tallyard/control-plane:local .
ARG BASE=python:3.12-slim
FROM ${BASE}
WORKDIR /opt/tallyard
COPY requirements.lock ./
RUN python3 -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY control_plane control_plane
COPY metering metering
COPY billing billing
COPY provisioner provisioner
COPY inventory_modules inventory_modules
COPY web web
RUN python3 -m pip install --no-cache-dir --disable-pip-version-check --no-deps . \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/tallyard
ENV TALLYARD_VAR_DIR=/var/lib/tallyard PYTHONUNBUFFERED=1
LABEL app=tallyard
USER 10001:10001
EXPOSE 8000
CMD ["tallyard", "serve"]
