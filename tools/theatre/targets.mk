# SPDX-License-Identifier: MIT
#: make theatre      a page that plays patches byte by byte; METHOD=naive SEED=9
#:   CLOCK=insn|ns (counted instructions, or real concurrency)
#:   PLUGIN=1 (the same patch, written by an outside judge in QEMU)
#:   MODEL=NO_SYNC1 (a counterexample of Spin; also NO_SYNC2, HEAD_FIRST)
THEATRE      := $(BUILD)/theatre.html
INSTALL      += theatre

# For this target alone: other programs have a SEED of their own.
$(foreach v,METHOD SEED CLOCK MODEL PLUGIN,$(eval theatre: export $(v) := \
	$$($(v))))

theatre: kernel-debug
	@$(PYTHON) -m tools.theatre.make --kernel $(BUILD)/nop5-debug.elf \
		--smp $(SMP) -o $(THEATRE)

.PHONY: theatre
