# SPDX-License-Identifier: MIT
#: make hand-out LAB=3 DIR=...    a lab: this tree, with holes to be filled
#: make grade [LAB=3 DIR=...]     points for it: `Score: n/m`, results.json
LABS      := hand-out grade
INSTALL   += $(LABS) test-labs
NEED_test += $(LABS) test-labs

# For these targets alone: other programs have a LAB and a DIR of their own.
$(foreach t,$(LABS),$(foreach v,LAB DIR,$(eval $(t): export $(v) := \
	$$($(v)))))

# Every lab and every puzzle, also those of `make torture`.
#: make test-labs    all tests of the labs
test-labs: kernel kernel-debug
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/test_labs*.py

hand-out:
	@$(PYTHON) -m tools.labs.hand_out

grade:
	@$(PYTHON) -m tools.labs.grade

.PHONY: $(LABS) test-labs
