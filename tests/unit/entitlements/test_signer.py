"""The signing key is made once, kept to its owner, and never silently replaced."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from control_plane.entitlements.errors import SigningKeyExposed, SigningKeyInvalid
from control_plane.entitlements.signer import Signer
from control_plane.sdk.envelope import SignatureInvalid, load_public_keys, verify


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "signing_key.pem"


def test_a_missing_key_is_made_for_its_owner_only(path):
    Signer.load(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["signing_key.pem"]


def test_the_key_stays_the_same_over_restarts(path):
    assert Signer.load(path).key_id == Signer.load(path).key_id


def test_processes_that_start_together_agree_on_one_key(path):
    with ThreadPoolExecutor(16) as pool:
        signers = list(pool.map(Signer.load, [path] * 64))

    assert len({signer.key_id for signer in signers}) == 1


def test_what_it_signs_holds_under_the_public_keys_it_gives_out(path, tmp_path):
    signer, stranger = Signer.load(path), Signer.load(tmp_path / "other.pem")
    envelope = signer.sign(b"payload")

    assert verify(envelope, load_public_keys(signer.public_keys_text())) == b"payload"
    with pytest.raises(SignatureInvalid):
        verify(envelope, load_public_keys(stranger.public_keys_text()))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(path, mode):
    Signer.load(path)
    path.chmod(mode)

    with pytest.raises(SigningKeyExposed, match="signing_key"):
        Signer.load(path)


def test_another_kind_of_key_or_no_key_at_all_is_refused_and_kept(path):
    rsa = generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for content in (rsa, b"not a key", b""):
        path.parent.mkdir(exist_ok=True)
        path.touch(0o600)
        path.write_bytes(content)

        with pytest.raises(SigningKeyInvalid):
            Signer.load(path)
        assert path.read_bytes() == content
