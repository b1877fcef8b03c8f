# SPDX-License-Identifier: MIT
# parts: test 16, torture 115
"""Schedules chosen by a seed, each the same in every run (-icount).

SEEDS=1000 tries so many instead of 100, of which `make test` tries 10; SEED=n
tries that one alone, twice, and shows that both runs were the same to the last
count.
"""
import os

import pytest

from tests import qemu

ONLY = os.environ.get("SEED")
COUNT = int(os.environ.get("SEEDS", "100"))
GROUP = 10


def boot(seed):
    """The seed also chooses the number of CPUs and the speed of time."""
    cpus = [2, 3, 4, 2, 3, 4, 8][seed % 7]
    machine = qemu.Machine(smp=cpus, icount=seed % 2, kernel=qemu.DEBUG)
    return machine.boot("mode=tests tests=text_poke_seed.* icount=1 "
                        f"seed={seed}", timeout=120)


def problem(seed):
    run = boot(seed)
    if run.problem(tests=True):
        return f"SEED={seed}: {run.problem(tests=True)}"
    # A skipped test would be a seed that tried nothing.
    if run.report().skipped:
        return f"SEED={seed}: skipped"
    return None


@pytest.mark.skipif(ONLY is not None, reason="SEED asks for one")
@pytest.mark.parametrize("first", [
    pytest.param(first, marks=[pytest.mark.torture] * (first > 0))
    for first in range(0, COUNT, GROUP)])
def test_seeds(first):
    found = [problem(seed) for seed in range(first, first + GROUP)]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


def test_a_seed_is_the_same_schedule_each_time():
    seed = int(ONLY or 5)
    first, second = boot(seed).ok(tests=True), boot(seed).ok(tests=True)
    assert first.log == second.log
