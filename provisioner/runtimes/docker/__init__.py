"""Instances as Docker containers, a network for each tenant."""

from provisioner.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime"]
