# The image of every module service; TALLYARD_MODULE chooses which one it is.
# build.sh lays out the context: site/ (third-party packages) and app/ (Tallyard's code), both
# compiled, because a container's file system is read-only and compiling at start costs seconds.
ARG BASE=python:3.11-slim
FROM ${BASE}
# a new volume takes its owner from the folder it covers
RUN install -d -o 10001 -g 10001 -m 0700 /data
COPY site /opt/tallyard/site
COPY app /opt/tallyard/app
ENV PYTHONPATH=/opt/tallyard/app:/opt/tallyard/site PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
EXPOSE 8080
LABEL app=tallyard
CMD ["python3", "-m", "inventory_modules"]
