"""A tax platform that is not one: what it answers, as a pure function of what it was told.

It takes a moment, refuses some buyers, and asks buyers of special fapiao before it takes anything
back, as the real one does. Its numbers begin with the year and 99, which is no region's code.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from billing.domain.fapiao.title import FapiaoKind
from billing.fapiao_port import BlueRequest, PlatformState, RedRequest, Standing
from control_plane.kernel.instants import instant_text, parse_instant

Record = dict[str, Any]

REFUSED_NAME: Final = "退回"
"""A buyer of whose name this is a part is refused for good."""

BUSY_NAME: Final = "繁忙"
"""A buyer of whose name this is a part is refused at the first attempt only."""

SHEET_LAPSES_AFTER: Final = timedelta(hours=72)
"""How long the buyer may take before a confirmation sheet is void by itself.

Source: 国家税务总局公告 2024 年第 11 号 (“《确认单》发起后72小时内未经确认的,自动作废”); platforms
report it as the sheet's state 07. Only this simulator counts it: a real platform says when it
lapsed.
"""

_ANSWERS_AT_LOOK: Final = 1
_NUMBER_DIGITS: Final = 16
_UNMATCHED: Final = "购买方名称与纳税人识别号不一致"
_BUSY: Final = "开票服务繁忙,请稍后重试"
_LAPSED: Final = "红字信息确认单超过 72 小时未确认,已自动作废"
_BUYER_REFUSED: Final = "购买方拒绝了红字信息确认单"
_NO_BLUE: Final = "未查询到对应的蓝字发票"
_TOO_MUCH: Final = "红冲金额超过蓝字发票可冲金额"


def blue_record(request: BlueRequest) -> Record:
    """Take a blue request in; it is answered at a later look."""
    return {**_paper(request), "colour": "blue", "state": PlatformState.PENDING.value}


def red_record(
    request: RedRequest, blue: Record | None, reds: Sequence[Record], now: datetime
) -> Record:
    """Open a confirmation sheet; the buyer of a special fapiao is asked, others have no say."""
    record = {
        **_paper(request),
        "colour": "red",
        "blue_number": request.blue_number,
        "sheet": _digits(f"sheet {request.request_id}"),
        "opened_at": instant_text(now),
        "accepted": None,
    }
    living = [red for red in reds if red["state"] not in {"failed", "refused"}]
    if blue is None:
        return {**record, "state": PlatformState.FAILED.value, "failure": _NO_BLUE}
    if total(blue) + sum(map(total, (record, *living))) < 0:
        return {**record, "state": PlatformState.FAILED.value, "failure": _TOO_MUCH}
    asked = request.kind is FapiaoKind.SPECIAL
    state = PlatformState.AWAITING_BUYER if asked else PlatformState.CONFIRMED
    return {**record, "state": state.value}


def looked_at(record: Record, request_id: str, now: datetime) -> Record:
    """Let a look pass over a record: what was pending is decided, a sheet may lapse."""
    looks = record["looks"] + 1
    record = {**record, "looks": looks}
    if record["state"] == PlatformState.PENDING and looks >= _ANSWERS_AT_LOOK:
        return _decided(record, request_id, now)
    if record["state"] == PlatformState.AWAITING_BUYER:
        return _asked(record, now)
    return record


def _decided(record: Record, request_id: str, now: datetime) -> Record:
    name = record["buyer"]["name"]
    if REFUSED_NAME in name:
        return {**record, "state": PlatformState.FAILED.value, "failure": _UNMATCHED}
    if BUSY_NAME in name and request_id.endswith("-1"):
        state = PlatformState.FAILED.value
        return {**record, "state": state, "failure": _BUSY, "retryable": True}
    return issued(record, request_id, now)


def _asked(record: Record, now: datetime) -> Record:
    lapsed = now - parse_instant(record["opened_at"]) > SHEET_LAPSES_AFTER
    if record["accepted"] is True:
        return {**record, "state": PlatformState.CONFIRMED.value}
    if record["accepted"] is False or lapsed:
        reason = _LAPSED if record["accepted"] is None else _BUYER_REFUSED
        return {**record, "state": PlatformState.REFUSED.value, "failure": reason}
    return record


def issued(record: Record, request_id: str, now: datetime) -> Record:
    """Give a record its number."""
    number = f"{now.year % 100:02d}99{_digits(request_id)}"
    at = instant_text(now)
    state = PlatformState.ISSUED.value
    return {**record, "state": state, "number": number, "issued_at": at}


def standing_of(record: Mapping[str, Any]) -> Standing:
    """Say how a record stands."""
    at = record["issued_at"]
    return Standing(
        state=PlatformState(record["state"]),
        number=record["number"],
        issued_at=None if at is None else parse_instant(at),
        sheet=record.get("sheet"),
        failure=record["failure"],
        retryable=record["retryable"],
    )


def total(record: Mapping[str, Any]) -> int:
    """Return a record's sum in fen, tax included; a red one's is negative."""
    return sum(int(line["net_minor"]) + int(line["tax_minor"]) for line in record["lines"])


def _paper(request: BlueRequest | RedRequest) -> Record:
    return {
        "kind": request.kind.value,
        "seller": {"name": request.seller.name, "tax_id": request.seller.tax_id},
        "buyer": request.buyer.body(),
        "lines": request.content.body(),
        "looks": 0,
        "number": None,
        "issued_at": None,
        "failure": None,
        "retryable": False,
    }


def _digits(text: str) -> str:
    value = int.from_bytes(hashlib.sha256(text.encode()).digest()) % 10**_NUMBER_DIGITS
    return f"{value:0{_NUMBER_DIGITS}d}"
