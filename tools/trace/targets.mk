# SPDX-License-Identifier: MIT
# Makes pictures of a second of the workload from the text of `cat trace`. QEMU
# counts an instruction as a nanosecond, so a slow host does not change them.
#: make flame timeline          pictures of a second of the workload
TRACE_TOOL := $(PYTHON) tools/nop5-trace
WORKLOAD   := --task '!<idle>' --task '!shell'
PICTURES   := flame timeline

$(BUILD)/workload.log: $(ELF) tools/trace/workload.shell
	@echo 'RECORD  $@'
	$(Q)$(RUN) --interactive --kernel $< --append mode=shell \
		--timeout 1800 -- -icount shift=0,sleep=off \
		< tools/trace/workload.shell > $@

$(BUILD)/flame.svg: $(BUILD)/workload.log $(wildcard tools/trace/*.py)
	$(Q)$(TRACE_TOOL) flame $< $(WORKLOAD) -o $@ \
		--title 'one second of the workload, by task'

$(BUILD)/timeline.svg: $(BUILD)/workload.log $(wildcard tools/trace/*.py)
	$(Q)$(TRACE_TOOL) timeline $< --task '!shell' --span 0.0002 -o $@ \
		--title 'the busiest 200 us of a second of the workload'

$(PICTURES): %: $(BUILD)/%.svg
	@echo $<

.PHONY: $(PICTURES)
