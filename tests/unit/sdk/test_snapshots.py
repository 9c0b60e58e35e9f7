import json
from dataclasses import replace
from datetime import timedelta

import pytest

from control_plane.kernel.canonical import canonical_json
from control_plane.sdk.reading import ReadBefore, Reader
from control_plane.sdk.snapshot import (
    Earlier,
    SnapshotInvalid,
    Standing,
    new_command,
    parse_command,
    parse_heartbeat,
    parse_snapshot,
)
from tests.unit.sdk.conftest import INSTANCE, NOW, OTHER_TENANT, TENANT, heartbeat, make_snapshot


def test_a_snapshot_survives_its_bytes():
    snapshot = make_snapshot()

    assert parse_snapshot(snapshot.to_bytes(), tenant=TENANT) == snapshot
    assert parse_snapshot(snapshot.to_bytes()) == snapshot


def test_a_test_clock_travels_in_the_snapshot():
    snapshot = make_snapshot(test_clock_at=NOW + timedelta(days=200))

    assert snapshot.body()["clock"] == {"mode": "test", "at": "2026-07-29T02:00:00Z"}
    assert parse_snapshot(snapshot.to_bytes()) == snapshot


def test_the_json_form_is_the_one_that_modules_were_promised():
    body = json.loads(make_snapshot().to_bytes())

    assert {key: body[key] for key in ("kind", "format", "audience", "clock", "issued_at")} == {
        "kind": "snapshot",
        "format": 2,
        "audience": "modules",
        "clock": {"mode": "real"},
        "issued_at": "2026-01-10T02:00:00Z",
    }
    assert body["features"]["outbound.orders_per_day"] == {
        "kind": "metered",
        "per": "day",
        "strict": False,
        "windows": [
            {
                "start": "2026-01-09T02:00:00Z",
                "end": "2026-01-11T02:00:00Z",
                "value": "150",
                "source": "plan:growth@1",
            },
            {
                "start": "2026-01-11T02:00:00Z",
                "end": None,
                "value": "450",
                "source": "plan:growth@1+addon:peak_618@1",
            },
        ],
    }
    assert body["keys"][0]["scopes"] == ["inventory:read", "inventory:write"]
    assert body["services"][0]["module"] == "outbound"


def test_a_snapshot_of_another_tenant_is_refused():
    with pytest.raises(SnapshotInvalid, match=OTHER_TENANT):
        parse_snapshot(make_snapshot(tenant=OTHER_TENANT).to_bytes(), tenant=TENANT)


def test_a_snapshot_for_another_audience_is_refused():
    with pytest.raises(SnapshotInvalid, match="audience"):
        parse_snapshot(make_snapshot(audience="browsers").to_bytes())


def test_a_heartbeat_is_no_snapshot_and_a_snapshot_no_heartbeat():
    with pytest.raises(SnapshotInvalid):
        parse_snapshot(heartbeat(NOW).to_bytes())
    with pytest.raises(SnapshotInvalid):
        parse_heartbeat(make_snapshot().to_bytes())


def test_a_cut_snapshot_is_refused_at_every_length():
    data = make_snapshot().to_bytes()

    for length in range(len(data)):
        with pytest.raises(SnapshotInvalid):
            parse_snapshot(data[:length])


WINDOW = {"start": "2026-01-09T00:00:00Z", "end": "2026-01-10T00:00:00Z", "source": "plan:a@1"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["format"], 3),
        (["format"], True),
        (["kind"], None),
        (["tenant"], 7),
        (["revision"], -1),
        (["revision"], True),
        (["revision"], "12"),
        (["issued_at"], "yesterday"),
        (["issued_at"], "2026-01-10T02:00:00"),
        (["clock"], None),
        (["clock"], {"mode": "warp"}),
        (["clock"], {"mode": "test"}),
        (["zone"], None),
        (["features"], []),
        (["features", "outbound"], None),
        (["features", "outbound", "kind"], "magic"),
        (["features", "outbound", "strict"], 1),
        (["features", "outbound", "windows"], {}),
        (["features", "outbound", "windows"], [1]),
        (["features", "outbound", "windows"], [WINDOW, WINDOW]),
        (["features", "outbound", "windows"], [WINDOW | {"end": None}, WINDOW]),
        (["features", "outbound", "windows"], [WINDOW | {"end": WINDOW["start"]}]),
        (["features", "outbound", "windows"], [{"start": WINDOW["start"], "source": "x"}]),
        (["features", "outbound.orders_per_day", "per"], None),
        (["features", "outbound.orders_per_day", "windows"], [WINDOW]),
        (["features", "outbound.orders_per_day", "windows"], [WINDOW | {"value": 150}]),
        (["features", "outbound.orders_per_day", "windows"], [WINDOW | {"value": "-1"}]),
        (["features", "outbound.orders_per_day", "windows"], [WINDOW | {"value": "many"}]),
        (["keys"], None),
        (["keys"], [{"id": "key_1", "hash": "abc", "scopes": [], "expires_at": None}]),
        (["keys"], [{"id": "key_1", "hash": "0" * 64, "scopes": ["a", "a"], "expires_at": None}]),
        (["keys"], [{"id": "key_1", "hash": "0" * 64, "scopes": [1], "expires_at": None}]),
        (["keys"], [{"id": "key_1", "hash": "0" * 64, "scopes": []}]),
        (["services"], [{"instance": "ins_1", "hash": "0" * 64, "scopes": []}]),
    ],
)
def test_a_wrong_member_is_refused_and_named(path, value):
    body = json.loads(make_snapshot().to_bytes())
    part = body
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value

    with pytest.raises(SnapshotInvalid) as refused:
        parse_snapshot(canonical_json(body))

    assert str(refused.value.fields["path"]).startswith(f"snapshot.{path[0]}")


@pytest.mark.parametrize("part", ["plan:growth@1", "outbound", "inventory:write", "ins_"])
def test_bytes_that_are_no_text_are_refused_wherever_they_are(part):
    data = make_snapshot().to_bytes()
    assert part.encode() in data

    with pytest.raises(SnapshotInvalid, match="not"):
        parse_snapshot(data.replace(part.encode(), b"\xff", 1))


def test_only_what_is_new_is_read_again_and_what_is_gone_is_gone():
    earlier, first = Earlier(), make_snapshot()
    features = {**first.features, "outbound": first.features["inbound"]}
    del features["stocktaking"]
    second = replace(first, revision=13, features=features, keys=(), services=())

    read = [parse_snapshot(s.to_bytes(), earlier=earlier) for s in (first, second, first)]

    assert read == [first, second, first]
    assert read[1].features["reservations"] is read[0].features["reservations"]


def test_a_wrong_part_is_refused_after_a_good_one_and_leaves_the_good_one_known():
    earlier, good = Earlier(), make_snapshot()
    body = json.loads(good.to_bytes())
    body["services"][0]["hash"] = "abc"
    parse_snapshot(good.to_bytes(), earlier=earlier)

    for _ in range(2):
        with pytest.raises(SnapshotInvalid, match=r"services\[0\]"):
            parse_snapshot(canonical_json(body), earlier=earlier)
    assert parse_snapshot(good.to_bytes(), earlier=earlier) == good


@pytest.mark.parametrize(
    ("member", "value", "refused"),
    [
        ("revision", -1, "revision"),
        ("revision", None, "revision"),
        ("issued_at", "yesterday", "issued_at"),
        ("features", [], "features"),
        ("tenant", "ten_other", "tenant"),
        ("audience", "staff", "audience"),
        ("format", 3, "format"),
        ("kind", "heartbeat", "kind"),
        ("clock", {"mode": "sun"}, "clock"),
        ("standing", "broke", "standing"),
        ("zone", 8, "zone"),
    ],
)
def test_a_wrong_member_is_refused_after_good_ones_too(member, value, refused):
    earlier, good = Earlier(), make_snapshot()
    second = replace(good, revision=good.revision + 1)
    for one in (good, second):
        assert parse_snapshot(one.to_bytes(), tenant=TENANT, earlier=earlier) == one

    body = json.loads(good.to_bytes()) | {member: value}
    less = {name: it for name, it in body.items() if name != member}
    for wrong in (body, less):
        with pytest.raises(SnapshotInvalid, match=rf"snapshot\.{refused}"):
            parse_snapshot(canonical_json(wrong), tenant=TENANT, earlier=earlier)
    assert parse_snapshot(good.to_bytes(), tenant=TENANT, earlier=earlier) == good


def test_what_was_read_for_one_tenant_is_not_taken_for_another():
    earlier, data = Earlier(), make_snapshot().to_bytes()
    parse_snapshot(data, earlier=earlier)

    with pytest.raises(SnapshotInvalid, match="tenant"):
        parse_snapshot(data, tenant="ten_other", earlier=earlier)
    with pytest.raises(SnapshotInvalid, match="audience"):
        parse_snapshot(data, audience="staff", earlier=earlier)


def test_each_change_of_standing_clock_and_keys_is_taken():
    earlier, first = Earlier(), make_snapshot()
    said = [
        first,
        replace(first, revision=13),
        replace(first, revision=14, standing=Standing.GRACE),
        replace(first, revision=15, test_clock_at=NOW),
        replace(first, revision=16, keys=()),
        replace(first, revision=17, services=()),
        first,
    ]

    assert [parse_snapshot(one.to_bytes(), earlier=earlier) for one in said] == said


def test_a_number_with_a_point_is_neither_a_text_nor_a_quantity():
    data = make_snapshot().to_bytes().replace(b'"value":"150"', b'"value":150.5')

    with pytest.raises(SnapshotInvalid, match="not a text"):
        parse_snapshot(data)


def test_heartbeats_and_commands_survive_their_bytes():
    beat = heartbeat(NOW)
    command = new_command(tenant=TENANT, instance=INSTANCE, action="sync", at=NOW)

    assert parse_heartbeat(beat.to_bytes(), tenant=TENANT) == beat
    assert parse_command(command.to_bytes(), tenant=TENANT) == command


def test_an_action_that_does_not_exist_is_refused():
    command = new_command(tenant=TENANT, instance=INSTANCE, action="sync", at=NOW)

    with pytest.raises(SnapshotInvalid, match="action"):
        parse_command(command.to_bytes().replace(b'"sync"', b'"burn"'))
    with pytest.raises(ValueError, match="burn"):
        new_command(tenant=TENANT, instance=INSTANCE, action="burn", at=NOW)


class Parts(ReadBefore[object]):
    """What is kept of the message before, replaced by another thread as soon as it is stored."""

    @property
    def _before(self) -> object:
        return self.others

    @_before.setter
    def _before(self, kept: object) -> None:
        self.others = getattr(self, "others", kept)  # the first: none is known


def test_what_another_thread_stores_meanwhile_is_not_returned():
    parts = Parts()
    message = Reader({"features": {"a": {"n": 1}}}, "snapshot")

    assert parts.named(message, "features", lambda part: part.members) == {"a": {"n": 1}}


@pytest.mark.parametrize(("before", "after"), [(1, True), (30, 30.0)])
def test_what_was_not_kept_as_it_was_written_is_read_again(before, after):
    parts = ReadBefore[object]()

    def read(value: object) -> object:
        message = Reader({"keys": [{"strict": value}]}, "snapshot")
        [part] = parts.listed(message, "keys", lambda part: part.members["strict"])
        return part

    assert read(before) is before
    assert read(after) is after
