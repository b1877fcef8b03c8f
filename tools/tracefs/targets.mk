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
