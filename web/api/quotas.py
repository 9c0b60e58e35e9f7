"""What is left of quotas; units set aside and confirmed; seats and who has them."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from control_plane.entitlements.services.reserve_units import Reservation
from control_plane.identity.domain import Permission
from web.api.common import ApiRequest, id_from, principal, tenant
from web.api.entitlement_checks import units_from
from web.compose import Application

READ: Final = {"permission": Permission.ENTITLEMENT_READ}
TAKE: Final = {"permission": Permission.ENTITLEMENT_CONSUME}


class AccountBody(msgspec.Struct):
    """A feature's units now. Whole numbers; ``free`` is below zero where a limit is exceeded.

    ``held`` is leased or reserved, ``lost`` what crashed services have not accounted for,
    ``metered`` what the usage events count.
    """

    feature: str
    kind: str
    period: str
    start: datetime | None
    end: datetime | None
    limit: int
    spent: int
    held: int
    lost: int
    metered: int
    free: int
    hard: bool


class AccountsBody(msgspec.Struct):
    """Every feature that counts units."""

    items: list[AccountBody]


class ReservationRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Units of a feature to be set aside, and for how many seconds."""

    feature: str
    units: int = 1
    seconds: int = 60


class ConfirmationRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How many of the reserved units were used."""

    units: int = 1


class ReservationBody(msgspec.Struct):
    """Units set aside until a time, and how many of them were used."""

    id: str
    feature: str
    units: int
    used: int
    expires_at: datetime


class ReservationsBody(msgspec.Struct):
    """Reservations that are open, the first thousand."""

    items: list[ReservationBody]


class SeatRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A feature with seats, and who is to have one, or to give it up."""

    feature: str
    name: str


class SeatBody(msgspec.Struct):
    """A seat, who has it, and since when."""

    feature: str
    name: str
    since: datetime


class SeatsBody(msgspec.Struct):
    """All seats that are taken."""

    items: list[SeatBody]


class SeatsLeft(msgspec.Struct):
    """How many seats of the feature are left."""

    feature: str
    name: str
    left: int


@get("/accounts", opt=READ)
async def list_accounts(
    request: ApiRequest, application: NamedDependency[Application]
) -> AccountsBody:
    """List what is spent, held and free of every feature that counts units, in this period."""
    found = await application.read_accounts(tenant(request))
    return AccountsBody(
        [msgspec.convert(a, AccountBody, from_attributes=True) for a in found.values()]
    )


@get("/reservations", opt=READ)
async def list_reservations(
    request: ApiRequest, application: NamedDependency[Application]
) -> ReservationsBody:
    """List the reservations that are open."""
    found = await application.reserve_units.list(tenant(request))
    return ReservationsBody([_view(one) for one in found])


@post("/reservations", opt=TAKE)
async def reserve_units(
    request: ApiRequest,
    data: JSONBody[ReservationRequest],
    application: NamedDependency[Application],
) -> ReservationBody:
    """Set units aside for work whose size is known only afterwards: all of them, or none.

    What is not confirmed in time goes back by itself and is neither counted nor billed.
    """
    made = await application.reserve_units(
        tenant(request),
        data.feature,
        units_from(data.units, "units"),
        data.seconds,
        holder=principal(request).actor,
    )
    return _view(made)


@post("/reservations/{reservation_id:str}/confirmation", status_code=200, opt=TAKE)
async def confirm_reservation(
    request: ApiRequest,
    reservation_id: FromPath[str],
    data: JSONBody[ConfirmationRequest],
    application: NamedDependency[Application],
) -> ReservationBody:
    """Spend so many of the reserved units, and give the rest back. Again changes nothing."""
    id_from("lea", reservation_id)
    used = units_from(data.units, "units")
    return _view(await application.settle_reservation(tenant(request), reservation_id, used))


@delete("/reservations/{reservation_id:str}", status_code=200, opt=TAKE)
async def release_reservation(
    request: ApiRequest, reservation_id: FromPath[str], application: NamedDependency[Application]
) -> ReservationBody:
    """Give all of the reserved units back: the work failed, or was not done."""
    id_from("lea", reservation_id)
    return _view(await application.settle_reservation(tenant(request), reservation_id, 0))


@get("/seats", opt=READ)
async def list_seats(request: ApiRequest, application: NamedDependency[Application]) -> SeatsBody:
    """List who has a seat of which feature."""
    found = await application.assign_seat.list(tenant(request))
    return SeatsBody([SeatBody(seat.feature, seat.name, seat.since) for seat in found])


@post("/seats", opt=TAKE)
async def assign_seat(
    request: ApiRequest, data: JSONBody[SeatRequest], application: NamedDependency[Application]
) -> SeatsLeft:
    """Give somebody a seat while there are any; whoever has one keeps it and takes no second."""
    left = await application.assign_seat(tenant(request), data.feature, data.name)
    return SeatsLeft(data.feature, data.name, left)


@post("/seat-removals", status_code=200, opt=TAKE)
async def remove_seat(
    request: ApiRequest, data: JSONBody[SeatRequest], application: NamedDependency[Application]
) -> SeatsLeft:
    """Take a seat back, so that somebody else can have it."""
    left = await application.assign_seat.end(tenant(request), data.feature, data.name)
    return SeatsLeft(data.feature, data.name, left)


def _view(one: Reservation) -> ReservationBody:
    return ReservationBody(one.id, one.feature, one.units, one.used, one.expires_at)


router = Router(
    "/v1/entitlements",
    tags=["Entitlements"],
    route_handlers=[
        list_accounts,
        list_reservations,
        reserve_units,
        confirm_reservation,
        release_reservation,
        list_seats,
        assign_seat,
        remove_seat,
    ],
)
