"""The runtime that the settings name."""

from control_plane.kernel.clock import Clock
from control_plane.runtime.settings import Settings
from provisioner.ports import Runtime


def open_runtime(settings: Settings, clock: Clock) -> Runtime:
    """Return the runtime of this installation. ``clock`` is real time. Close it at the end."""
    if settings.runtime == "docker":
        # aiohttp and aiodocker cost 100 ms of start-up that the process runtime can do without
        from provisioner.runtimes.docker import DockerRuntime  # noqa: PLC0415

        return DockerRuntime(image=settings.module_image, clock=clock)
    from provisioner.runtimes.process import ProcessRuntime  # noqa: PLC0415 - as above

    return ProcessRuntime(
        settings.var_dir / "instances", clock, exit_with_pid=settings.runtime_exit_with_pid
    )
