# SPDX-License-Identifier: MIT
# nop5-debug.elf: the sources of nop5-test.elf compiled once more with the hook
# headers of tests/debug/include, and behind them what those headers declare.
DEBUG_ELF := $(BUILD)/nop5-debug.elf
# NASM sources include no hook header: their objects are the same ones.
DEBUG_OBJS := $(patsubst $(BUILD)/obj/%,$(BUILD)/obj-debug/%,\
	$(filter-out %.asm.o,$(TEST_OBJS) \
	$(call objects,tests/debug tests/lab))) \
	$(filter %.asm.o,$(TEST_OBJS))

$(NOTRACE_OBJS:%=$(BUILD)/obj-debug/%): TRACE :=
# It checks the locks of what is not traceable, too.
$(BUILD)/obj-debug/tests/debug/lock_order.o: TRACE :=
$(BUILD)/obj-debug/kernel/lib/mem.o: CFLAGS += $(NO_LOOP_CALLS)

$(BUILD)/obj-debug/%.o: %.c Makefile tests/debug/targets.mk
	@mkdir -p $(@D); echo 'CC -g   $<'
	$(Q)$(CC) -Itests/debug/include $(CFLAGS) $(TRACE) -MMD -MP -c -o $@ $<

-include $(filter $(BUILD)/obj-debug/%,$(DEBUG_OBJS:.o=.d))

$(eval $(call image,nop5-debug,$(DEBUG_OBJS)))

kernel-debug: $(DEBUG_ELF)
#: make kernel-debug the image that checks the order of locks

.PHONY: kernel-debug
