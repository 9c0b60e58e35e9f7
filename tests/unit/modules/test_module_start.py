"""How an instance is told what to be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inventory_modules.chassis.settings import (
    SettingInvalid,
    SettingsIncomplete,
    load_settings,
)
from inventory_modules.registry import MODULES, ModuleUnknown, PeerMissing, check_peers, find_module

ROOT = Path(__file__).resolve().parents[3]
ENV = {
    "TALLYARD_MODULE": "outbound",
    "TALLYARD_TENANT_ID": "ten_x",
    "TALLYARD_INSTANCE_ID": "ins_x",
    "TALLYARD_CONTROL_URL": "http://127.0.0.1:1/",
    "TALLYARD_SERVICE_TOKEN": "tys_secret",
    "TALLYARD_PUBLIC_KEYS": "{}",
    "TALLYARD_DATA_DIR": "data",
    "TALLYARD_LISTEN": "127.0.0.1:8080",
    "TALLYARD_PEERS": '{"ledger": "http://ledger:8080/"}',
}


def test_settings_are_read_from_the_environment_and_hide_the_token():
    settings = load_settings(ENV)

    assert (settings.host, settings.port, settings.exit_with_pid) == ("127.0.0.1", 8080, None)
    assert settings.peers == {"ledger": "http://ledger:8080"}
    assert "tys_secret" not in repr(settings)


def test_all_missing_variables_are_named_at_once():
    with pytest.raises(SettingsIncomplete) as caught:
        load_settings({**ENV, "TALLYARD_TENANT_ID": "", "TALLYARD_LISTEN": ""})

    assert caught.value.fields["names"] == "TALLYARD_TENANT_ID, TALLYARD_LISTEN"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TALLYARD_LISTEN", "8080"),
        ("TALLYARD_PEERS", "[]"),
        ("TALLYARD_PEERS", "{"),
        ("TALLYARD_EXIT_WITH_PID", "me"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(name: str, value: str):
    with pytest.raises(SettingInvalid, match=name):
        load_settings({**ENV, name: value})


@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_be_found(module: str):
    assert find_module(module).schema


@pytest.mark.parametrize("module", ["stocktaking", "alerts", "reservations", "os", "../ledger"])
def test_a_module_that_does_not_exist_is_refused_with_those_that_do(module: str):
    with pytest.raises(ModuleUnknown, match="inbound, ledger, outbound, stock_query"):
        find_module(module)


def test_a_module_is_not_started_without_its_peers():
    with pytest.raises(PeerMissing, match="ledger"):
        check_peers("outbound", {})


def test_a_wrong_environment_ends_the_process_with_a_sentence(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "inventory_modules"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            **ENV,
            "TALLYARD_MODULE": "alerts",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("There is no module “alerts”")
