"""Why a tenant's usage does not move to another store."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class UsageAlreadyThere(TallyardError):
    """The store that usage is to move to keeps it already."""

    code = "usage_already_there"
    kind = ErrorKind.CONFLICT
    message = "The organisation's usage is kept in the store “{store}” already."
    remedy = "Nothing is to be done."


class UsageMovesElsewhere(TallyardError):
    """A move to another store is under way."""

    code = "usage_moves_elsewhere"
    kind = ErrorKind.CONFLICT
    message = "The organisation's usage is moving to the store “{store}”."
    remedy = "Let that move come to its end, or abandon it first."


class UsageNotMoving(TallyardError):
    """No move is under way."""

    code = "usage_not_moving"
    kind = ErrorKind.CONFLICT
    message = "The organisation's usage is not moving."
    remedy = "Start a move, or run it again if somebody abandoned it meanwhile."


class StoresDiffer(TallyardError):
    """The copy is not what it was made of."""

    code = "usage_stores_differ"
    kind = ErrorKind.CONFLICT
    message = (
        "The stores differ in “{what}”: {source} in the one that is kept, {target} in the "
        "other; or their digests differ."
    )
    remedy = "Nothing was switched. Abandon the move, find out why, and start it again."


class ClickHouseNotConfigured(TallyardError):
    """Usage is kept in ClickHouse, and this process does not know where that is."""

    code = "clickhouse_not_configured"
    kind = ErrorKind.UNAVAILABLE
    message = "There is usage in ClickHouse, or it is to go there, and no address is set for it."
    remedy = "Set TALLYARD_CLICKHOUSE_URL for every process."
