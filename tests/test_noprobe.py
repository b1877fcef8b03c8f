# SPDX-License-Identifier: MIT
# parts: test 2
"""tools/noprobe.py: the set of functions that must not be probed is the one
that the proof of `make lint` walks through, in the image as it was linked in
the end."""
import re
import subprocess

import pytest

from tests import qemu
from tests.lint import reach
from tests.lint.image import Image

KERNEL_VMA = 0xFFFFFFFF80000000


def proved(image):
    """The functions, by address: that of a piece, or of the one around it."""
    proof = reach.Proof(image, reach.OURS)
    assert proof.run() == []
    labels = {addr for name, addrs in image.symbols.items() for addr in addrs
              if "." not in re.sub(r"\.(constprop|isra|part|cold)\.?\d*", "",
                                   name)}
    found = set()
    for addr in proof.came_from:
        while addr not in labels:  # a local label of assembly
            addr = max(a for a in image.starts if a < addr)
        found.add(addr)
    # A root's name may be that of a function of the 32-bit start code, too.
    return {addr for addr in found if addr >= KERNEL_VMA}


def marked(elf):
    listed = (qemu.BUILD / "gen" / f"{elf.stem}.noprobe").read_text()
    return {int(line, 16) for line in listed.split()}


@pytest.mark.parametrize("elf", [qemu.SHIPPED, qemu.TESTS],
                         ids=["shipped", "tests"])
def test_the_set_is_the_proofs(elf):
    found = marked(elf)
    assert found == proved(Image(elf))
    assert len(found) > 50


def test_a_root_more_is_a_function_more():
    image = Image(qemu.SHIPPED)
    rules = reach.Rules({"memmap_init": "planted"}, {}, {})
    proof = reach.Proof(image, rules)
    proof.run()
    assert not set(proof.came_from) <= marked(qemu.SHIPPED)


def test_the_table_holds_these_marks():
    """symtab.py's mark of each function, read back from its output."""
    nm = subprocess.run(["nm", str(qemu.SHIPPED)], stdout=subprocess.PIPE,
                        text=True, check=True).stdout
    names = {int(line.split()[0], 16) for line in nm.splitlines()}
    assert marked(qemu.SHIPPED) <= names
