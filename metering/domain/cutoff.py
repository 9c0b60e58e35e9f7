"""Cut-offs as PostgreSQL writes them: ``xmin:xmax:xip,xip,…`` (the type ``pg_snapshot``)."""


def is_inside(cutoff: str, transaction: int) -> bool:
    """Tell whether a committed transaction had committed when the cut-off was taken.

    Source: PostgreSQL's documentation, "Snapshot components" of
    ``pg_visible_in_snapshot``.
    """
    xmin, xmax, running = cutoff.split(":")
    if transaction < int(xmin):
        return True
    return transaction < int(xmax) and str(transaction) not in running.split(",")
