# SPDX-License-Identifier: MIT
# Checks that the programs a goal needs exist. A missing program is named; for a
# goal in INSTALL it is installed, on Debian. NEED_LIST has the goals that need
# this list of tools/deps.sh besides "run"; goals in NO_NEED need no list. The
# stamp of some lists also holds the prefix of the compiler. make builds an
# included file first, then restarts.
LISTS := run test test-all tools debug tracefs kernelshark ftracetest \
	speedscope book
DEPS  := deps $(LISTS:%=deps-%)
GOALS := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
SPACE := $(subst ,, )
asked  = $(filter $(1),$(GOALS))
ifneq ($(filter-out $(NO_NEED) $(DEPS),$(GOALS)),)
NEEDED := run $(foreach l,$(LISTS),$(if $(call asked,$(NEED_$(l))),$(l)))
include $(BUILD)/deps-$(subst $(SPACE),+,$(strip $(NEEDED))).mk
endif

$(BUILD)/deps-%.mk: tools/deps.sh $(wildcard tools/deps.d/*)
	@mkdir -p $(@D)
	@sh tools/deps.sh $(if $(call asked,$(INSTALL) $(DEPS)),install,name) \
		$* $@

deps: $(LISTS:%=deps-%)

$(LISTS:%=deps-%): deps-%: $(BUILD)/deps-%.mk
	@echo '$*: every program is there'

.PHONY: $(DEPS)
