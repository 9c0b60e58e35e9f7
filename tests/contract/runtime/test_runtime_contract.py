"""What every runtime does, whether instances are processes, containers or a memory."""

import asyncio
import socket
from dataclasses import replace

import pytest

from control_plane.kernel.ids import InstanceId, TenantId, new_id
from provisioner.domain.instances import State
from provisioner.errors import PortTaken, StartFailed
from provisioner.ports import InstanceRef
from provisioner.runtimes.memory import MemoryRuntime


async def running(harness, **changes):
    spec = harness.spec(**changes)
    await harness.runtime.create(spec)
    await harness.runtime.start(spec.ref)
    await harness.reaches(spec.ref, State.READY)
    return spec


async def test_what_was_never_made_is_absent_and_holds_nothing(harness):
    seen = await harness.seen(InstanceRef(TenantId(new_id()), InstanceId(new_id())))

    assert (seen.state, seen.generation, seen.holds_data) == (State.ABSENT, None, False)


async def test_a_created_instance_does_not_run_yet(harness):
    spec = harness.spec()

    await harness.runtime.create(spec)

    seen = await harness.seen(spec.ref)
    assert (seen.state, seen.generation, seen.holds_data) == (State.CREATED, 1, True)


async def test_a_started_instance_becomes_ready(harness):
    spec = await running(harness)

    assert (await harness.seen(spec.ref)).state is State.READY
    assert (await harness.runtime.logs(spec.ref)).strip()


async def test_every_step_may_be_repeated(harness):
    spec = harness.spec()
    runtime = harness.runtime
    for _ in range(2):
        await runtime.create(spec)
    for _ in range(2):
        await runtime.start(spec.ref)
    await harness.reaches(spec.ref, State.READY)
    if harness.real:
        assert (await harness.facts(spec))["starts"] == 1
    for _ in range(2):
        await runtime.stop(spec.ref)
    assert (await harness.seen(spec.ref)).state is State.STOPPED
    for _ in range(2):
        await runtime.discard(spec.ref)
    for _ in range(2):
        await runtime.remove(spec.ref)

    assert (await harness.seen(spec.ref)).holds_data is False


async def test_data_and_port_outlive_a_stop(harness):
    spec = await running(harness)

    await harness.runtime.stop(spec.ref)
    await harness.runtime.start(spec.ref)
    await harness.reaches(spec.ref, State.READY)

    if harness.real:
        assert (await harness.facts(spec))["starts"] == 2


async def test_data_outlive_a_new_generation(harness):
    first = await running(harness)
    await harness.runtime.discard(first.ref)
    between = await harness.seen(first.ref)
    second = replace(first, generation=2)
    await harness.runtime.create(second)
    await harness.runtime.start(second.ref)

    seen = await harness.reaches(second.ref, State.READY)

    assert (between.state, between.generation, between.holds_data) == (State.ABSENT, None, True)
    assert seen.generation == 2
    if harness.real:
        assert (await harness.facts(second))["starts"] == 2


async def test_another_generation_in_the_way_is_refused(harness):
    spec = harness.spec()
    await harness.runtime.create(spec)

    with pytest.raises(StartFailed, match="generation"):
        await harness.runtime.create(replace(spec, generation=2))

    assert (await harness.seen(spec.ref)).generation == 1


async def test_removal_takes_the_data_with_it(harness):
    spec = await running(harness)

    await harness.runtime.remove(spec.ref)

    seen = await harness.seen(spec.ref)
    assert (seen.state, seen.holds_data) == (State.ABSENT, False)


async def test_a_tenant_sees_its_own_instances_only(harness):
    mine, other = harness.spec(), harness.spec()
    await harness.runtime.create(mine)
    await harness.runtime.create(other)

    observed = await harness.runtime.observe(mine.ref.tenant_id)

    assert set(observed.instances) == {mine.ref.instance_id}


async def test_a_tenant_s_first_instances_may_be_made_at_once(harness):
    first = harness.spec()
    more = [harness.spec(tenant_id=first.ref.tenant_id) for _ in range(3)]

    await asyncio.gather(*(harness.runtime.create(spec) for spec in (first, *more)))

    assert len((await harness.runtime.observe(first.ref.tenant_id)).instances) == 4


async def test_starting_what_was_not_created_is_refused(harness):
    spec = harness.spec()

    with pytest.raises(StartFailed):
        await harness.runtime.start(spec.ref)


async def test_a_port_of_another_program_is_named_and_can_be_freed(harness):
    spec = harness.spec()
    await harness.runtime.create(spec)
    with socket.create_server(("127.0.0.1", spec.port)) as other:
        if isinstance(harness.runtime, MemoryRuntime):
            harness.runtime.taken_ports.add(other.getsockname()[1])
        with pytest.raises(PortTaken) as refusal:
            await harness.runtime.start(spec.ref)

    assert refusal.value.fields["port"] == spec.port
    assert (await harness.seen(spec.ref)).state is State.CREATED
    if isinstance(harness.runtime, MemoryRuntime):
        harness.runtime.taken_ports.clear()
    await harness.runtime.start(spec.ref)
    await harness.reaches(spec.ref, State.READY)


async def test_stopping_what_is_absent_is_no_error(harness):
    ref = harness.spec().ref

    await harness.runtime.stop(ref)
    await harness.runtime.remove(ref)

    assert await harness.runtime.logs(ref) == ""


async def test_the_instance_is_told_who_it_is(harness):
    spec = await running(harness)
    if not harness.real:
        assert harness.runtime.specs[spec.ref.instance_id] == spec
        return

    env = (await harness.facts(spec))["env"]

    assert env["TALLYARD_MODULE"] == "outbound"
    assert env["TALLYARD_TENANT_ID"] == spec.ref.tenant_text
    assert env["TALLYARD_INSTANCE_ID"] == spec.ref.instance_text
    assert env["GREETING"] == "你好"
    assert '"ledger": "http://' in env["TALLYARD_PEERS"]
