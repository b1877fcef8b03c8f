# SPDX-License-Identifier: MIT
#: make hand-out LAB=3 DIR=...    a lab: this tree, with holes to be filled
#: make puzzle SEED=name DIR=...  a kernel with one fault, another for each seed
#: make grade [LAB=3 DIR=...]     points for it: `Score: n/m`, results.json
LABS      := hand-out grade puzzle
INSTALL   += $(LABS) test-labs
NEED_test += $(LABS) test-labs

# For these targets alone: other programs have a SEED and a DIR of their own.
$(foreach t,$(LABS),$(foreach v,LAB DIR SEED,$(eval $(t): export $(v) := \
	$$($(v)))))

# A puzzle has lost tests, and what they alone used is unused.
ifneq ($(wildcard labs/puzzle/sealed),)
CFLAGS += $(addprefix -Wno-unused-,function variable const-variable)
endif

# Every lab and every puzzle, also those of `make torture`.
#: make test-labs    all tests of the labs
test-labs: kernel kernel-debug
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/test_labs*.py

#: make own [NAME=own-ops]        the examples of labs/own-*, and a shell
NAME ?= own-*
own: EXTRA := $(wildcard labs/$(NAME))
own:
	@$(MAKE) -s EXTRA="$(EXTRA)" $(BUILD)/nop5-test.elf
	@$(PYTHON) tools/run.py --smp $(SMP) --kernel $(BUILD)/nop5-test.elf \
		--append 'mode=shell $(APPEND)' --interactive

hand-out:
	@$(PYTHON) -m tools.labs.hand_out

puzzle:
	@$(PYTHON) -m tools.labs.puzzle

grade:
	@$(PYTHON) -m tools.labs.grade

.PHONY: $(LABS) test-labs own
