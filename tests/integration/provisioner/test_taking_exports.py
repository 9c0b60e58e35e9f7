"""Exports of running instances: so many at once, and nothing of them is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from control_plane.kernel.ids import InstanceId
from provisioner.errors import ExportDamaged, ExportsBusy
from provisioner.export_slots import take_slot
from provisioner.jobs import SweepExports

_TAKER = """
import sys
from pathlib import Path
from provisioner.export_slots import take_slot
slot = take_slot(Path(sys.argv[1]), sys.argv[2], 3)
(slot.folder / "ins_1.passing").write_bytes(b"half of it")
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
async def running(site, tenant_id):
    """A tenant's running instances, by module."""
    await site.shop.buy(tenant_id)
    assert (await site.reconcile(tenant_id)).converged
    return {module: InstanceId(row["id"]) for module, row in site.rows(tenant_id).items()}


@pytest.fixture
def exports(settings):
    return settings.var_dir / "exports"


@pytest.fixture
def left(exports):
    """Every file below the exports that has bytes."""
    return lambda: [p for p in exports.rglob("*") if p.is_file() and p.stat().st_size]


@pytest.fixture
def opening(site, tenant_id):
    async def opened(instance_id):
        open_export = site.provisioner.open_export
        return await open_export(tenant_id=tenant_id, instance_id=instance_id, actor="usr_1")

    return opened


async def test_an_export_is_there_until_its_slot_is_closed(running, opening, left):
    opened = await opening(running["outbound"])
    with opened.slot:
        assert "manifest.json" in zipfile.ZipFile(opened.path).namelist()

    assert left() == []


async def test_so_many_are_taken_at_once_and_no_more(running, opening):
    taken = [await opening(running["outbound"]) for _ in range(3)]

    with pytest.raises(ExportsBusy) as refused:
        await opening(running["inbound"])
    assert refused.value.fields["most"] == 3

    taken[1].slot.close()
    again = await opening(running["inbound"])
    for one in (*taken, again):
        one.slot.close()


async def test_what_others_take_does_not_count(running, opening, exports):
    held = [take_slot(exports, "ten_other", 3) for _ in range(4)]
    assert held[3] is None

    (await opening(running["outbound"])).slot.close()


async def test_one_that_cannot_be_restored_gives_its_place_back(site, running, opening, left):
    site.modules.spoil = lambda archive: archive[: len(archive) // 2]
    for _ in range(4):
        with pytest.raises(ExportDamaged):
            await opening(running["outbound"])

    assert left() == []


async def test_what_a_killed_process_left_is_swept_and_what_runs_is_not(exports, clock, left):
    taker = subprocess.Popen(
        [sys.executable, "-c", _TAKER, str(exports), "ten_1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert taker.stdout.readline() == b"taken\n"
    sweep = SweepExports(exports, clock)

    assert await sweep.run() == 0
    assert [file.name for file in left()] == ["ins_1.passing"]

    taker.send_signal(signal.SIGKILL)
    taker.communicate()
    assert await sweep.run() == 1
    assert left() == []
    assert await sweep.run() == 0


async def test_the_next_one_finds_a_place_empty_that_a_killed_process_held(exports):
    (exports / "taking" / "ten_1" / "0").mkdir(parents=True)
    (exports / "taking" / "ten_1" / "0" / "ins_9.passing").write_bytes(b"somebody's")

    with take_slot(exports, "ten_1", 3) as slot:
        assert list(slot.folder.iterdir()) == []


async def test_what_was_being_restored_goes_after_a_day(exports, clock):
    for age, name in ((86_399, "restore-new"), (86_401, "restore-old")):
        (exports / "ten_1" / name / "data").mkdir(parents=True)
        at = clock.now().timestamp() - age
        os.utime(exports / "ten_1" / name, (at, at))

    assert await SweepExports(exports, clock).run() == 1

    assert [left.name for left in (exports / "ten_1").iterdir()] == ["restore-new"]


class HeldThreads(ThreadPoolExecutor):
    """One thread, which does nothing before it is let go."""

    def __init__(self):
        super().__init__(1)
        self.asked, self._gate = asyncio.Event(), threading.Event()
        super().submit(self._gate.wait)

    def submit(self, *work, **named):
        self.asked.set()
        return super().submit(*work, **named)

    def let_go(self):
        self._gate.set()


async def test_who_leaves_while_a_place_is_being_emptied_gives_it_back(running, opening, exports):
    loop, threads = asyncio.get_running_loop(), HeldThreads()
    loop.set_default_executor(threads)
    try:
        taking = asyncio.create_task(opening(running["outbound"]))
        await threads.asked.wait()
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        assert taking.cancelled()
    finally:
        threads.let_go()
    await asyncio.to_thread(lambda: None)  # after the slot was taken, in the same thread
    loop.set_default_executor(ThreadPoolExecutor())

    async with asyncio.timeout(30):
        while [place.suffix for place in exports.glob("taking/*/*")] != [".lock"]:
            await asyncio.sleep(0.01)


async def test_only_what_was_opened_is_on_record(site, running, opening, admin):
    taken = [await opening(running["outbound"]) for _ in range(3)]
    with pytest.raises(ExportsBusy):
        await opening(running["outbound"])
    taken[0].slot.close()
    site.modules.spoil = lambda archive: archive[: len(archive) // 2]
    with pytest.raises(ExportDamaged):
        await opening(running["outbound"])

    count = "SELECT count(*) FROM audit_entries WHERE action = 'instance.export_opened'"
    assert admin.execute(count).fetchone() == (3,)
    for one in taken:
        one.slot.close()
