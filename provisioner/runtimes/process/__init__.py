"""Instances as processes of this machine: one trust domain, for demos and tests."""

from provisioner.runtimes.process.runtime import ProcessRuntime

__all__ = ["ProcessRuntime"]
