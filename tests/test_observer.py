# SPDX-License-Identifier: MIT
# parts: test 4
"""An independent observer: a QEMU plugin counts what is executed at a site.

The plugin sees each executed instruction and knows nothing of the kernel; its
account must equal the kernel's own, to the last call.
"""
import re
import subprocess

import pytest

from tests import qemu


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugin") / "observer.so"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared",
                    "-fPIC", "-o", str(path),
                    str(qemu.ROOT / "tests/plugin/observer.c")], check=True)
    return path


def numbers(line):
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}


def observe(plugin, site, first, second, **options):
    """(the plugin's account, the kernel's account) of one boot."""
    arguments = f"file={plugin},site={site},first={first},second={second}"
    boot = qemu.Machine(qemu=["-plugin", arguments], **options).boot(
        "mode=tests tests=observer.*", timeout=120).ok(tests=True)
    seen = [line for line in boot.errors.splitlines()
            if line.startswith("observer:")]
    told = [line for line in boot.log.splitlines() if "account:" in line]
    return numbers(seen[0]), numbers(told[0])


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_accounts_agree(plugin, symbols, smp):
    seen, told = observe(plugin, symbols["demo_step"], symbols["demo_first"],
                         symbols["demo_second"], smp=smp)
    assert seen["torn"] == 0
    assert seen["int3"] == told["trapped_call"] + told["trapped_nop"]
    assert (seen["first"] + seen["second"] + told["trapped_call"]
            == told["first"] + told["second"])
    assert (seen["nop"] + seen["first"] + seen["second"] + seen["int3"]
            == told["calls"])


def test_an_instruction_that_is_not_allowed_is_seen(plugin, symbols):
    """Told of one target only, the plugin takes the other for torn."""
    seen, told = observe(plugin, symbols["demo_step"], symbols["demo_first"],
                         symbols["demo_errand"], smp=2)
    assert seen["torn"] > 0
