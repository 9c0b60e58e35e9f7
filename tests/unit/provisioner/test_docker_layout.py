import pytest

from control_plane.kernel.ids import InstanceId, TenantId, new_id
from provisioner.domain.access import service_scopes
from provisioner.domain.addresses import FIRST_PORT, LAST_PORT, candidate_ports
from provisioner.ports import InstanceRef, InstanceSpec
from provisioner.runtimes.docker import layout


def spec() -> InstanceSpec:
    ref = InstanceRef(TenantId(new_id()), InstanceId(new_id()))
    return InstanceSpec(
        ref,
        "outbound",
        3,
        20_123,
        "http://127.0.0.1:8000",
        peers={"ledger": 20_001},
        env={"TALLYARD_SERVICE_TOKEN": "tys_x"},
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", "http://host.docker.internal:8000"),
        ("http://localhost", "http://host.docker.internal"),
        ("http://0.0.0.0:9/base", "http://host.docker.internal:9/base"),
        ("https://control.example.com", "https://control.example.com"),
        ("http://10.0.0.5:8000", "http://10.0.0.5:8000"),
    ],
)
def test_a_loopback_address_is_rewritten_for_containers_and_others_are_kept(url, expected):
    assert layout.from_inside(url) == expected


def test_a_bridge_s_name_fits_linux_and_the_firewall_s_pattern():
    name = layout.network_config(TenantId(new_id()))["Options"]["com.docker.network.bridge.name"]

    assert name.startswith("tn-")
    assert len(name) <= 15


def test_a_container_is_labelled_bounded_and_published_on_loopback_only():
    made = spec()
    config = layout.container_config(made, image="image", command=None)
    host = config["HostConfig"]

    assert config["Labels"] == {
        "app": "tallyard",
        "tallyard.tenant": made.ref.tenant_text,
        "tallyard.instance": made.ref.instance_text,
        "tallyard.generation": "3",
        "tallyard.module": "outbound",
    }
    assert host["PortBindings"] == {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20123"}]}
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Init"]) == (True, ["ALL"], True)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert config["User"] == "10001:10001"
    assert "Cmd" not in config


def test_peers_are_named_by_module_inside_the_tenant_s_network():
    assert layout.environment(spec())["TALLYARD_PEERS"] == '{"ledger": "http://ledger:8080"}'


def test_ports_are_tried_in_an_order_of_the_instance_s_own_within_the_range():
    instance = InstanceId(new_id())
    ports = list(candidate_ports(instance))

    assert ports == list(candidate_ports(instance))
    assert ports != list(candidate_ports(InstanceId(new_id())))
    assert all(FIRST_PORT <= port <= LAST_PORT for port in ports)
    assert len(set(ports)) > len(ports) // 2


def test_only_documents_may_post_to_the_ledger():
    assert "ledger:post" in service_scopes("inbound")
    assert "ledger:post" in service_scopes("outbound")
    assert service_scopes("stock_query") == ("ledger:read",)
    assert service_scopes("ledger") == ()
