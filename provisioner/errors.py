"""What can go wrong with instances, in words a person can act on."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class RuntimeUnavailable(TallyardError):
    """The runtime did not answer; nothing is known about its instances."""

    code = "runtime_unavailable"
    kind = ErrorKind.UNAVAILABLE
    message = "The {runtime} runtime does not answer: {reason}."
    remedy = "Start it; the instances are looked after again as soon as it answers."


class StartFailed(TallyardError):
    """An instance could not be started."""

    code = "instance_start_failed"
    kind = ErrorKind.UNAVAILABLE
    message = "The instance {instance} could not be started: {reason}."
    remedy = "Read the instance's log; it is tried again by itself."


class StopFailed(TallyardError):
    """Something of an instance still runs after it was told to end."""

    code = "instance_stop_failed"
    kind = ErrorKind.UNAVAILABLE
    message = "The instance {instance} does not end."
    remedy = "Look at its processes; it is tried again by itself."


class PortTaken(TallyardError):
    """Another program listens on the port that the instance was given."""

    code = "instance_port_taken"
    kind = ErrorKind.CONFLICT
    message = "The port {port} of instance {instance} is in use by another program."
    remedy = "Nothing to do: the instance moves to another port by itself."


class NoPortFree(TallyardError):
    """No port of the range could be given to an instance."""

    code = "no_port_free"
    kind = ErrorKind.EXHAUSTED
    message = "No port between {first} and {last} is free on this machine."
    remedy = "Remove instances that are no longer needed, or add a machine."


class NotReady(TallyardError):
    """An instance did not become ready in time."""

    code = "instance_not_ready"
    kind = ErrorKind.UNAVAILABLE
    message = "The instance {instance} was not ready after {seconds} seconds."
    remedy = "Read the instance's log; it is tried again by itself."


class LiveTenantNeedsIsolation(TallyardError):
    """A live tenant may not share a trust domain with others."""

    code = "live_tenant_needs_isolation"
    kind = ErrorKind.FORBIDDEN
    message = "The {runtime} runtime does not isolate tenants, so it runs sandbox tenants only."
    remedy = (
        "Set TALLYARD_RUNTIME=docker, or TALLYARD_ALLOW_PROCESS_FOR_LIVE=yes to accept the risk."
    )


class ImageMissing(TallyardError):
    """The image that module containers are made of is not on this machine."""

    code = "module_image_missing"
    kind = ErrorKind.UNAVAILABLE
    message = "The image {image} is not on this machine."
    remedy = "Build it with deploy/images/build.sh."


class DataLost(TallyardError):
    """The data of an instance that has run are not where they were."""

    code = "instance_data_lost"
    kind = ErrorKind.CONFLICT
    message = "The data of instance {instance} are gone. It is not replaced by an empty one."
    remedy = "Bring the data folder or volume back, or restore the last export."


class ExportFailed(TallyardError):
    """An instance could not be exported, so it is kept."""

    code = "instance_export_failed"
    kind = ErrorKind.UNAVAILABLE
    message = "The instance {instance} could not be exported: {reason}."
    remedy = "Nothing was removed; the export is tried again by itself."


class ExportDamaged(TallyardError):
    """An export did not survive being restored."""

    code = "instance_export_damaged"
    kind = ErrorKind.CONFLICT
    message = "The export {file} cannot be restored: {reason}."
    remedy = "Nothing was removed; the export is taken again by itself."


class ExportNotReady(TallyardError):
    """An instance neither runs nor has been exported."""

    code = "instance_export_not_ready"
    kind = ErrorKind.CONFLICT
    message = "There is no export of the instance {instance} yet, and it does not answer now."
    remedy = "Try again when it runs, or when it has been removed."


class ExportsBusy(TallyardError):
    """As many exports of a tenant as may be are being taken, or sent, already."""

    code = "instance_exports_busy"
    kind = ErrorKind.EXHAUSTED
    message = "{most} exports are being taken or downloaded already, as many as may be at once."
    remedy = "Try again when one of them has ended."


class ExportPurged(TallyardError):
    """What was kept of an instance has been deleted."""

    code = "instance_export_purged"
    kind = ErrorKind.NOT_FOUND
    message = "The export of the instance {instance} has been deleted."
    remedy = "It was kept until the day that was announced; nothing is left of it."


class SyncFailed(TallyardError):
    """A module instance did not carry out a signed command."""

    code = "instance_sync_failed"
    kind = ErrorKind.UNAVAILABLE
    message = "The instance {instance} did not carry out {action}: {reason}."
    remedy = "Read the instance's log; it is tried again by itself."


class InstanceNotFound(TallyardError):
    """The tenant has no such instance."""

    code = "instance_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no instance {instance}."
    remedy = "List the instances to see which there are."


class ReconcileBusy(TallyardError):
    """A tenant's instances are being looked after by another executor right now."""

    code = "reconcile_busy"
    kind = ErrorKind.UNAVAILABLE
    message = "The instances of {tenant} are being changed by another worker."
    remedy = "Nothing to do: it is tried again by itself."
