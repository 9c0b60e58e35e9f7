"""How usage is asked for in ClickHouse: which events count, and what they add up to.

The rules are those of `metering.domain.aggregating`; `metering.stores.query_sql` says the same to
PostgreSQL, and one contract suite holds all of them to it. Quantities are Decimal(76, 12)
throughout: 10^40 events of the largest quantity fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from control_plane.catalog.domain import Aggregation, Meter
from control_plane.kernel.period import Period
from metering.domain.aggregating import ADDITIVE
from metering.domain.cutoff import parts
from metering.domain.numbers import QUANTITY_TEXT
from metering.stores.clickhouse.registry import Visible
from metering.stores.clickhouse.schema import NONE, microseconds

EVENT = "time, source, id"

_LANES = (1, 9, 17, 25)
"""Where the lanes of a hash begin: see `metering.domain.digests`."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One question, whose bound values are named with a prefix: several share one query."""

    tenant_id: object
    meter: Meter
    period: Period
    visible: Visible
    since: str | None = None
    dimensions: Sequence[str] = ()
    money_wanted: bool = False
    prefix: str = "q"

    @property
    def signed(self) -> bool:
        """Whether what is taken back late can be taken off."""
        return self.meter.aggregation in ADDITIVE

    def name(self, what: str) -> str:
        """Return the place of a bound value in a query."""
        return f"%({self.prefix}_{what})s"

    @property
    def bound(self) -> dict[str, Any]:
        """The values of everything that the queries name."""
        own: dict[str, Any] = {
            "type": self.meter.event_type,
            "property": self.meter.property or "",
            "money": self.meter.money_property() or "",
            "start": microseconds(self.period.start),
            "end": microseconds(self.period.end),
            **_cutoff_values("cutoff", self.visible.cutoff),
            **(_cutoff_values("since", self.since) if self.since else {}),
        }
        for n, wanted in enumerate(self.meter.filters):
            own[f"filter{n}"] = wanted.property
            own[f"values{n}"] = list(wanted.values)
        for n, dimension in enumerate(self.dimensions):
            own[f"dimension{n}"] = dimension
        return {
            "tenant_id": self.tenant_id,
            "unfinished": [*self.visible.unfinished, NONE],
            **{f"{self.prefix}_{name}": value for name, value in own.items()},
        }

    def inside(self, cutoff: str) -> str:
        """Write the condition that a row is inside a cut-off (``cutoff`` or ``since``)."""
        below, running = self.name(f"{cutoff}_below"), self.name(f"{cutoff}_running")
        return f"(recorded < {below} AND recorded NOT IN {running})"

    def counted(self, each: str = "") -> str:
        """Write the query of the events that are counted, each with its ``sign``.

        ``each`` ends every part, so that a page reads no more of any than it shows.
        """
        own = f"time >= {self.name('start')} AND time < {self.name('end')}"
        stands = f"AND (source, id) NOT IN ({self._taken()})"
        halves = [(1, f"{own} AND {self.inside('cutoff')} {stands}")]
        if self.since is not None:
            before = f"time < {self.name('start')} AND"
            late = (
                f"recorded >= {self.name('since_first')} AND NOT {self.inside('since')} "
                f"AND {self.inside('cutoff')}"
            )
            halves.append((1, f"{before} {late} {stands}"))
            gone = f"{self._taken()} AND NOT {self.inside('since')}"
            # The identity says when the event happened, and so where it lies.
            lying = (
                f"SELECT time, source, id FROM usage_identities WHERE {KEPT} "  # noqa: S608
                f"AND (source, id) IN ({gone})"
            )
            halves.append(
                (-1, f"{before} {self.inside('since')} AND (time, source, id) IN ({lying})")
            )
        return " UNION ALL ".join(
            f"(SELECT *, {sign} AS sign FROM usage_events FINAL WHERE {KEPT} "  # noqa: S608
            f"AND type = {self.name('type')} AND {when} {self._filters()} {each})"
            for sign, when in halves
        )

    def levels(self) -> str:
        """Write the query of every event before the period's end: what levels are made of."""
        return (
            f"SELECT * FROM usage_events FINAL WHERE {KEPT} "  # noqa: S608 - our own text
            f"AND type = {self.name('type')} AND time < {self.name('end')} "
            f"AND {self.inside('cutoff')} AND (source, id) NOT IN ({self._taken()}) "
            f"{self._filters()}"
        )

    def quantity(self) -> str:
        """Write what an event adds to the meter, NULL where it states nothing."""
        if self.meter.aggregation is Aggregation.COUNT or self.meter.property is None:
            return "toNullable(toDecimal256(1, 12))"
        return self._stated("property")

    def money(self) -> str:
        """Write the amount of money that an event carries, NULL where it carries none."""
        return self._stated("money")

    def key(self) -> str:
        """Write the values that an event is grouped by."""
        texts = [f"texts[{self.name(f'dimension{n}')}]" for n in range(len(self.dimensions))]
        return f"CAST([{', '.join(texts)}] AS Array(String))"

    def _stated(self, what: str) -> str:
        text = f"texts[{self.name(what)}]"
        return f"if(match({text}, '^{QUANTITY_TEXT}$'), toDecimal256OrNull({text}, 12), NULL)"

    def _taken(self) -> str:
        return (
            "SELECT source, target_id FROM usage_retractions "  # noqa: S608 - our own text
            f"WHERE {KEPT} AND {self.inside('cutoff')}"
        )

    def _filters(self) -> str:
        return "".join(
            f" AND (mapContains(texts, {self.name(f'filter{n}')}) AND "
            f"texts[{self.name(f'filter{n}')}] IN {self.name(f'values{n}')}) = {int(not f.exclude)}"
            for n, f in enumerate(self.meter.filters)
        )


KEPT = "tenant_id = %(tenant_id)s AND insertion NOT IN %(unfinished)s"
"""The rows of a tenant whose inserts came to their end."""


def _cutoff_values(name: str, cutoff: str) -> Mapping[str, Any]:
    first, below, running = parts(cutoff)
    return {
        f"{name}_first": first,
        f"{name}_below": below,
        f"{name}_running": [*sorted(running), NONE],
    }


def measured_sql(asking: Asking, number: int) -> str:
    """Reduce what counts, as a whole and by group.

    Answers with: the question's number, whether this is the whole, the group's key, quantity,
    stated, events, money, the four lanes of the digest (those taken back late are off), how many
    count, and how many were taken back late.
    """
    off = "sign" if asking.signed else "(sign > 0)"
    grouped = "GROUP BY GROUPING SETS ((key), ())" if asking.dimensions else ""
    whole = "grouping(key)" if asking.dimensions else "1"
    key = "key" if asking.dimensions else "CAST([] AS Array(String))"
    lanes = ", ".join(
        f"toString(sum({off} * toInt256(reinterpretAsInt64(reverse(substring(hash, {at}, 8))))))"
        for at in _LANES
    )
    money = f"ifNull(toString(sum({off} * money_)), '0')" if asking.money_wanted else "'0'"
    return f"""
        SELECT {number} AS number, toUInt8({whole}) AS whole, {key} AS key,
            {reduced(asking)} AS quantity, toInt64(countIf(quantity_ IS NOT NULL AND sign > 0)),
            toInt64(sum({off})), {money}, {lanes},
            toInt64(countIf(sign > 0)), toInt64(countIf(sign < 0))
        FROM (
            SELECT {asking.key()} AS key, {EVENT}, sign, hash, {asking.quantity()} AS quantity_,
                texts[{asking.name("property")}] AS value, {asking.money()} AS money_
            FROM ({asking.counted()})
        ) {grouped}
    """  # noqa: S608 - built from our own text


def reduced(asking: Asking) -> str:
    """Write how counted events become a quantity, as a text."""
    stated = "sign > 0 AND quantity_ IS NOT NULL"
    found = {
        Aggregation.COUNT: "sum(sign)",
        Aggregation.SUM: "sum(sign * quantity_)",
        Aggregation.MAX: f"maxIf(assumeNotNull(quantity_), {stated})",
        Aggregation.MIN: f"minIf(assumeNotNull(quantity_), {stated})",
        Aggregation.UNIQUE: "uniqExactIf(value, sign > 0 AND value != '')",
        Aggregation.LATEST: f"argMaxIf(assumeNotNull(quantity_), ({EVENT}), {stated})",
        # Divided where the decimals are counted: see `metering.domain.aggregating.average`.
        Aggregation.AVERAGE: "sumIf(quantity_, sign > 0)",
        # What it weighs is another query's; this one counts its events.
        Aggregation.WEIGHTED: "toInt8(0)",
    }[asking.meter.aggregation]
    return f"ifNull(toString({found}), '0')"


def series_sql(asking: Asking) -> str:
    """Reduce window by window: the window's start, quantity, stated, events, and nothing else."""
    return f"""
        SELECT roundDown(time, {asking.name("starts")}) AS window,
            {reduced(asking)}, toInt64(countIf(quantity_ IS NOT NULL)), toInt64(count())
        FROM (
            SELECT {EVENT}, sign, {asking.quantity()} AS quantity_,
                texts[{asking.name("property")}] AS value
            FROM ({asking.counted()})
        ) GROUP BY window
    """  # noqa: S608 - built from our own text


def weighted_sql(asking: Asking) -> str:
    """Level by microseconds, for each group and window: key, the window's start, quantity.

    The level a period starts with is that of the last event before it.
    """
    start, end = asking.name("start"), asking.name("end")
    return f"""
        WITH stated AS (
            SELECT {asking.key()} AS key, {EVENT}, assumeNotNull({asking.quantity()}) AS level
            FROM ({asking.levels()}) WHERE ({asking.quantity()}) IS NOT NULL
        ),
        held AS (
            SELECT key, held_level AS level, at AS since, leadInFrame(at, 1, {end}) OVER (
                PARTITION BY key ORDER BY at, of_source, of_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS until
            FROM (
                SELECT key, toInt64({start}) AS at, '' AS of_source, '' AS of_id,
                    argMax(level, ({EVENT})) AS held_level
                FROM stated WHERE time < {start} GROUP BY key
                UNION ALL
                SELECT key, time AS at, source AS of_source, id AS of_id, level AS held_level
                FROM stated WHERE time >= {start}
            )
        )
        SELECT key, tile.1 AS window,
            toString(sum(level * (least(until, tile.2) - greatest(since, tile.1))))
        FROM held ARRAY JOIN arrayFilter(
            tile -> tile.1 < until AND tile.2 > since, {asking.name("tiles")}
        ) AS tile
        GROUP BY key, window
    """  # noqa: S608 - built from our own text


_AFTER = "AND ({event}) > ({time}, {source}, {id})"


def events_sql(asking: Asking, *, after: bool) -> str:
    """One page of the events that are counted."""
    page = f"{_page(asking, after=after)} ORDER BY {EVENT} LIMIT {asking.name('limit')}"
    return f"""
        SELECT {EVENT}, type, subject, data, hash, corrects, sign FROM ({asking.counted(page)})
        ORDER BY {EVENT} LIMIT {asking.name("limit")}
    """  # noqa: S608 - built from our own text


def amounts_sql(asking: Asking, *, after: bool) -> str:
    """One page of the amounts of money that counted events carry, in the events' order."""
    off = "" if asking.signed else "AND sign > 0"
    return f"""
        SELECT {EVENT}, {asking.key()}, toString(sign * ({asking.money()}))
        FROM ({asking.counted(_page(asking, after=after))})
        WHERE ({asking.money()}) IS NOT NULL {off}
        ORDER BY {EVENT} LIMIT {asking.name("limit")}
    """  # noqa: S608 - built from our own text


def _page(asking: Asking, *, after: bool) -> str:
    if not after:
        return ""
    place = [asking.name(f"after_{part}") for part in ("time", "source", "id")]
    return f"AND time >= {place[0]} AND ({EVENT}) > ({', '.join(place)})"


def sorted_digest_sql(asking: Asking) -> str:
    """The hashes of what counts by their first bytes: `metering.domain.usage.event_set_digest`."""
    off = "" if asking.signed else "WHERE sign > 0"
    return f"""
        SELECT SHA256(arrayStringConcat(arraySort(groupArray(name)))) FROM (
            SELECT CAST(if(sign > 0, hash,
                reinterpretAsFixedString(bitNot(reinterpretAsUInt256(hash)))) AS String) AS name
            FROM ({asking.counted()}) {off}
        ) GROUP BY substring(name, 1, 1) AS branch ORDER BY branch
    """  # noqa: S608 - built from our own text
