# SPDX-License-Identifier: MIT
# The tests and measurements: tests/run.py has them all.
#: make test         what a newcomer runs; last line: N passed, N failed
#: make test-all     every test that belongs in front of a change
#: make test-fresh   TARGETS='run test' in a new Debian root (needs root)
#: make unit fuzz lint          the host's share of the tests
#: make bench bench-linux       measure; the same rows on Linux
#: make torture lab             long runs; the patching laboratory
CHECKS  := test test-all unit fuzz bench bench-linux lab torture lint
INSTALL += test test-all bench bench-linux lab torture
NO_NEED += test-fresh
NEED_test     += $(CHECKS)
NEED_test-all += test-all torture
NEED_tools    += bench-linux

export BUILD SMP MEM ACCEL CPU FIRMWARE APPEND ONLY CC NM OBJCOPY PYTHON

# `test` and `test-all` build it themselves, and count what that costs; host
# programs need no image.
$(filter-out test test-all unit fuzz,$(CHECKS)): kernel
$(CHECKS):
	@$(PYTHON) tests/run.py $@

# What a newcomer types, in a Debian with git and make alone; needs root.
test-fresh:
	@$(PYTHON) tests/fresh.py $(TARGETS)

lab: kernel-debug

.PHONY: test-fresh $(CHECKS)
