# SPDX-License-Identifier: MIT
# The guest's control tree on the host: a FUSE program, and what uses it.
HOSTCC     ?= gcc
FUSE_FLAGS := -std=gnu11 -g -Wall -Wextra -Werror -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I/usr/include/fuse3
FUSE_CHECK := -fsanitize=address,undefined -fno-sanitize-recover=all
FUSE_SRCS  := $(sort $(wildcard tools/tracefs/*.c))
FUSE_HDRS  := $(wildcard tools/tracefs/*.h)
NOP5FS     := $(BUILD)/fuse/nop5fs

# The same program with sanitizers is for the tests.
$(NOP5FS): FUSE_OPT := -O2
$(NOP5FS)-check: FUSE_OPT := -O1 $(FUSE_CHECK)
$(NOP5FS) $(NOP5FS)-check: $(FUSE_SRCS) $(FUSE_HDRS) tools/tracefs/targets.mk
	@mkdir -p $(@D); echo 'HOSTCC  $@'
	$(Q)$(HOSTCC) $(FUSE_FLAGS) $(FUSE_OPT) -o $@ $(FUSE_SRCS) -lfuse3

# ---- a guest, and commands whose tracing is the guest's ----------------------
#: make tracefs      the shell, and its control tree mounted at build/tracefs
#: make trace-cmd ARGS='record -p function sleep 1'       and other tools of
#: make host CMD='perf ftrace -G kmalloc sleep 1'         Linux on that tree
#: make kernelshark  record a second of the workload, and open it
#: make ftracetest   Linux's own tests of ftrace (ONLY='00basic/*': some)
TRACING := tracefs trace-cmd host kernelshark ftracetest
INSTALL += $(TRACING)
NO_NEED += not-mounted
NEED_tracefs     += $(TRACING)
NEED_kernelshark += kernelshark
NEED_ftracetest  += ftracetest

ARGS ?= record -p function -o $(BUILD)/trace.dat sleep 1
CMD  ?= $(or $(SHELL),sh)

# ^C is for the command: make waits for it.
GUEST = $(PYTHON) tools/tracefs/guest.py
GUEST_OPTIONS = $(MACHINE) --kernel $(ELF) --append "$$APPEND"
$(TRACING): export BUILD := $(BUILD)
$(TRACING): $(ELF) $(NOP5FS)

tracefs:
	@$(GUEST) shell $(GUEST_OPTIONS)

trace-cmd:
	@$(GUEST) run $(GUEST_OPTIONS) -- trace-cmd $(ARGS)

host: export CMD := $(CMD)
host:
	@$(GUEST) run $(GUEST_OPTIONS) -- sh -c "$$CMD"

# Events and functions while the workload is busy. README.md has the picture:
#	make kernelshark SECONDS=0.02 PICTURE=tools/tracefs/kernelshark.png
RECORD  := -e sched -p function -l 'mutex_*' -l 'parcel_*' -l schedule
SECONDS ?= 1
SHARK   := $(BUILD)/kernelshark.dat

kernelshark:
	@$(GUEST) run $(GUEST_OPTIONS) -- trace-cmd record \
		$(RECORD) -o $(SHARK) sleep $(SECONDS)
	@$(PYTHON) tools/tracefs/kernelshark.py $(SHARK) \
		--tasks producer/0,filter/0,consumer/0 \
		$(PICTURE:%=--picture %)

# A run from boot on, by pages; nothing is mounted. SCRIPT: lines for the shell,
# whose end is the end of the run.
#: make record OUT=trace.dat    a whole run, for trace-cmd and nop5-trace
INSTALL += record
OUT     ?= $(BUILD)/record.dat

record: export BUILD := $(BUILD)
record: $(ELF)
	@$(PYTHON) tools/tracefs/record.py $(MACHINE) --kernel $(ELF) \
		--append "$$APPEND" -o "$(OUT)" \
		$(if $(SCRIPT),--script "$(SCRIPT)",--seconds $(SECONDS))

# The suite is a part of Debian's package; unpacking it takes half a minute.
SUITE := $(BUILD)/ftracetest/linux-source-6.1/tools/testing/selftests/ftrace

$(SUITE)/ftracetest: /usr/src/linux-source-6.1.tar.xz
	@mkdir -p $(BUILD)/ftracetest; echo 'UNPACK  $(SUITE)'
	$(Q)tar -xf $< -C $(BUILD)/ftracetest $(SUITE:$(BUILD)/ftracetest/%=%)
	@touch $@

# Idle: a test counts all tasks that end, and the scene ends some at any time.
ftracetest: export APPEND := workload=idle $(APPEND)
ftracetest: $(SUITE)/ftracetest
	@$(GUEST) run $(GUEST_OPTIONS) -- $(PYTHON) \
		tools/tracefs/ftracetest.py $(SUITE) \
		tests/ftracetest/expected.tsv --only "$$ONLY"

# `make clean` would remove files of the guest's.
not-mounted:
	@[ ! -r /proc/self/mounts ] || while read -r _ at _; do \
		[ "$$at" != "$(abspath $(BUILD))/tracefs" ] || { echo \
			"make clean: a guest's tree is mounted at" \
			"$(BUILD)/tracefs; end make tracefs, or umount" \
			"$(BUILD)/tracefs" >&2; exit 1; }; \
	done </proc/self/mounts

.PHONY: $(TRACING) record not-mounted
