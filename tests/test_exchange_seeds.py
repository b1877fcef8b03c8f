# SPDX-License-Identifier: MIT
# parts: torture 18
"""Direct targets exchanged under schedules chosen by a seed (-icount).

In each of them the exchange misses no call, and the way of old, off and on
again, does: a schedule that cannot show a missed call would prove nothing.
SEEDS=100 tries so many instead of 10; SEED=n that one alone.
"""
import os

import pytest

from tests import qemu

ONLY = os.environ.get("SEED")
COUNT = int(os.environ.get("SEEDS", "10"))
TESTS = "direct.no_call_missed_1*,direct.no_call_missed_with*,direct.the_old*"


@pytest.mark.parametrize("seed", [int(ONLY)] if ONLY else range(COUNT))
def test_exchange(seed):
    """The seed also chooses the number of CPUs and the speed of time."""
    machine = qemu.Machine(smp=[2, 3, 4, 8][seed % 4], icount=seed % 2)
    run = machine.boot(f"mode=tests tests={TESTS} icount=1 rounds=60 "
                       f"seed={seed}", timeout=120).ok(tests=True)
    assert run.report().passed == 3 and not run.report().skipped
