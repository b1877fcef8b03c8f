# SPDX-License-Identifier: MIT
#: make bench-cycles   hot paths in ticks of this processor, new to old
NEED_test += bench-cycles

bench-cycles:
	@$(PYTHON) tests/bench/cycles.py

.PHONY: bench-cycles
