# SPDX-License-Identifier: MIT
#: make theatre      a page that plays patches byte by byte; METHOD=naive SEED=9
#:   CLOCK=insn|ns (counted instructions, or real concurrency)
THEATRE      := $(BUILD)/theatre.html
INSTALL      += theatre

export METHOD SEED CLOCK

theatre: kernel-debug
	@$(PYTHON) -m tools.theatre.make --kernel $(BUILD)/nop5-debug.elf \
		--smp $(SMP) -o $(THEATRE)

.PHONY: theatre
