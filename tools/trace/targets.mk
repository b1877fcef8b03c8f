# SPDX-License-Identifier: MIT
# Makes pictures of a second of the workload from the text of `cat trace`. QEMU
# counts an instruction as a nanosecond, so a slow host does not change them.
#: make flame timeline          pictures of a second of the workload
#: make speedscope              the same second in the viewer speedscope
#:   SPEEDSCOPE=DIR (the folder of npm's archive, where there is no network)
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

# README.md has both: make flame timeline KEEP=tools/trace
$(PICTURES): %: $(BUILD)/%.svg
	@$(if $(KEEP),cp $< $(KEEP)/ && )echo $<

# The viewer is npm's; its version is in speedscope.py.
SPEEDSCOPE ?= $(BUILD)/speedscope
INSTALL += speedscope
NEED_speedscope += speedscope

$(BUILD)/graph.json: $(BUILD)/workload.log $(wildcard tools/trace/*.py)
	$(Q)$(TRACE_TOOL) convert $< $(WORKLOAD) -o $@

# The viewer comes first: where it cannot be had, nothing is recorded.
speedscope-viewer:
	@$(PYTHON) -m tools.trace.speedscope fetch "$(SPEEDSCOPE)"

speedscope: speedscope-viewer $(BUILD)/graph.json
	@$(PYTHON) -m tools.trace.speedscope open "$(SPEEDSCOPE)" \
		$(BUILD)/graph.json

.PHONY: $(PICTURES) speedscope speedscope-viewer
