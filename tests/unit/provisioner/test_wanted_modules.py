from control_plane.kernel.ids import InstanceId, new_id
from provisioner.domain.instances import Goal
from provisioner.domain.wanted import InstanceRecord, record_changes, wanted_modules


def record(module: str, goal: Goal = Goal.RUNNING) -> InstanceRecord:
    return InstanceRecord(InstanceId(new_id()), module, goal)


def test_a_tenant_with_any_module_has_the_ledger():
    assert wanted_modules({"outbound"}) == {"outbound", "ledger"}
    assert wanted_modules(set()) == set()


def test_bought_modules_are_added_once():
    changes = record_changes({"outbound", "inbound"}, [record("ledger"), record("inbound")])

    assert changes.add == ("outbound",)
    assert not changes.retire
    assert not changes.revive


def test_everything_retires_with_the_last_module():
    ledger, inbound = record("ledger"), record("inbound")

    changes = record_changes((), [ledger, inbound])

    assert set(changes.retire) == {ledger.instance_id, inbound.instance_id}


def test_a_module_bought_again_gets_its_leaving_instance_back():
    leaving = record("inbound", Goal.REMOVED)

    changes = record_changes({"inbound"}, [record("ledger"), leaving])

    assert changes.revive == (leaving.instance_id,)
    assert not changes.add


def test_nothing_to_change_is_false():
    assert not record_changes({"inbound"}, [record("ledger"), record("inbound")])
