"""`verify` on scenarios of every overlay: Wireshark agrees with what the walk makes of each frame."""

from pathlib import Path

import pytest
import scenarios
import tshark
from test_round_trip import CARRIERS, OVERLAYS, WRAPPED, carried, made, wrapped

from vxinspect.verify import Verification, verify

pytestmark = pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")

AGREE = 0.95
"""Of all frames; the rest has an explanation."""


def assert_verified(verification: Verification, frames: int) -> None:
    """Assert that nearly all agree, and that there is an explanation for the rest."""
    for comparison in verification.comparisons:
        unexplained = [each for each in comparison.classes if each.why is None]
        assert unexplained == []
        assert comparison.vxlan > 0
        assert comparison.agree >= AGREE * comparison.frames
    assert verification.frames == frames


@pytest.mark.parametrize("overlay", WRAPPED)
def test_overlays_as_wireshark_sees_them(overlay: str, tmp_path: Path) -> None:
    """VXLAN-GPE and Geneve, with Ethernet and IP inside, in pieces and as copies, beside Geneve."""
    path = tmp_path / "a.pcap"
    faults = ("outer-fragments", "inner-fragments", "duplicated-frames", "overlapping-tenants")
    text = scenarios.NETWORK + scenarios.LEASES + "".join(map(scenarios.fault, faults))
    truth = made(wrapped(text, WRAPPED[overlay], WRAPPED["geneve"]), path)
    assert_verified(verify(path, sample=40), truth["frames"]["total"])


@pytest.mark.parametrize("inside", OVERLAYS)
@pytest.mark.parametrize("outside", OVERLAYS)
def test_nested_overlays_as_wireshark_sees_them(outside: str, inside: str, tmp_path: Path) -> None:
    """Ours is the innermost of Wireshark's, with its options or without."""
    path = tmp_path / "a.pcap"
    text = wrapped(scenarios.NETWORK, WRAPPED[inside], "") + scenarios.fault("nested")
    truth = made(f'{text}encapsulation = "{outside}"\n', path)
    assert_verified(verify(path, sample=0), truth["frames"]["total"])


@pytest.mark.parametrize("name", sorted(set(CARRIERS) - {"pseudowire"}))
def test_carriers_as_wireshark_sees_them(name: str, tmp_path: Path) -> None:
    """Geneve in each carrier."""
    path = tmp_path / "a.pcap"
    truth = made(carried(wrapped(scenarios.NETWORK, WRAPPED["geneve"], ""), name), path)
    assert_verified(verify(path, sample=0), truth["frames"]["total"])


def test_a_pseudowire_that_wireshark_guesses_at(tmp_path: Path) -> None:
    """It takes the VTEP's MAC for a control word, and there is a name for that."""
    path = tmp_path / "a.pcap"
    made(carried(scenarios.NETWORK, "pseudowire"), path)
    (whole,) = verify(path, sample=0).comparisons
    (only,) = whole.classes
    assert "control word" in str(only.why)
