# SPDX-License-Identifier: MIT
# parts: test-all 20
"""The patch suites, and instructions that are not probed, on a second
implementation of the processor: Bochs."""
import pytest

from tests import qemu
from tests.conftest import exclusive
from tests.test_boot import BOCHSRC

TIMEOUT = 240


def bochs(directory, iso, cpus):
    """How a boot ended. Bochs leaves with 1 always: the log tells."""
    serial = directory / "serial"
    config = BOCHSRC.replace("count=2", f"count={cpus}")
    (directory / "bochsrc").write_text(config.format(
        iso=iso, serial=serial, log=directory / "log"))
    (directory / "rc").write_text("c\n")
    with exclusive("bochs"):
        status, errors = qemu.run(
            ["bochs-bin", "-q", "-f", str(directory / "bochsrc"), "-rc",
             str(directory / "rc")], timeout=TIMEOUT)
    text = serial.read_text(errors="replace")
    return qemu.Boot(qemu.OK if status == 1 else status, text, 0, TIMEOUT,
                     errors)


@pytest.mark.parametrize("cpus, tests, kernel", [
    (2, "text_poke.*,text_poke_nmi.*", qemu.TESTS),
    (2, "text_poke_faults.*,text_poke_late.*", qemu.DEBUG),
    (4, "text_poke_smp.*", qemu.TESTS),
])
def test_patching_on_bochs(make_iso, tmp_path, cpus, tests, kernel):
    iso = make_iso("tests", append=f"tests={tests}", kernel=kernel)
    boot = bochs(tmp_path, iso, cpus).ok(tests=True)
    assert f"{cpus} of {cpus} online" in boot.log


def test_refused_instructions_on_bochs(make_iso, tmp_path):
    """Among them INT1, which stops QEMU."""
    iso = make_iso("tests", append="tests=kprobe_executed.*")
    boot = bochs(tmp_path, iso, 2).ok(tests=True)
    assert "kprobe_executed.int1_of_a_copy_is_nobodys\n" in boot.log
