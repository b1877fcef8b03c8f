# SPDX-License-Identifier: MIT
# Host builds of pure kernel files: unit tests (gcc, ASan + UBSan) and fuzz
# targets (clang-14, libFuzzer + ASan + UBSan). Called by tests/run.py.
#
# A test is one file, tests/unit/test_NAME.c or tests/fuzz/fuzz_NAME.c. Kernel
# files it tests, other than kernel/lib/*.c, stand in a comment of it:
#	host-sources: boot/multiboot2.c kernel/base/memmap.c
# A name with a slash at its end is a folder; FOLDER_... says which files of it.
# Everything else that is undefined comes from the fakes in tests/host/.

BUILD ?= build
OUT   := $(BUILD)/host
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:

FLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -ffreestanding -pthread \
	-Wall -Wextra -Werror -Wshadow -Wno-unused-parameter \
	-fno-strict-aliasing -Itests/host -I. -Iarch/x86_64 -MMD -MP
# libc.c alone sees the C library's headers.
NAMES := -include tests/host/names.h
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

CC_unit   := gcc $(FLAGS) $(SANITIZE)
# Tables of kernel/lib/table.h are sorted as in the image.
TABLES := -Wl,-T,tests/host/tables.ld
LINK_unit := gcc -pthread $(SANITIZE) $(TABLES)
# Warnings are gcc's business.
CC_fuzz   := clang-14 $(FLAGS) -w $(SANITIZE) -fsanitize=fuzzer-no-link
LINK_fuzz := clang-14 -pthread $(SANITIZE) -fsanitize=fuzzer $(TABLES)

LIBRARY := $(sort $(wildcard kernel/lib/*.c))
FAKES   := $(sort $(wildcard tests/host/*.c))

TESTS_unit := $(sort $(wildcard tests/unit/test_*.c))
TESTS_fuzz := $(sort $(wildcard tests/fuzz/fuzz_*.c))
MAIN_unit  := tests/unit/unit.c
MAIN_fuzz  :=

# Without boot, a processor's stack and generated code.
FOLDER_trace/core/ := $(filter-out %_init.c %_unwind.c %_fexit.c,\
	$(wildcard trace/core/*.c))
sources_of = $(foreach s,$(shell sed -n 's/^.*host-sources: *//p' $(1)),\
	$(or $(FOLDER_$(s)),$(s)))

# $(1) unit or fuzz, $(2) a test's source file
define program
$(OUT)/$(1)/$(basename $(notdir $(2))): $$(patsubst %.c,$(OUT)/$(1)/obj/%.o,\
		$(2) $$(call sources_of,$(2)) $(MAIN_$(1))) \
		$(OUT)/$(1)/libfake.a $(OUT)/$(1)/libnop5.a
	$$(LINK_$(1)) -o $$@ $$^
endef

define variant
$(1): $(TESTS_$(1):tests/$(1)/%.c=$(OUT)/$(1)/%)

$(OUT)/$(1)/obj/tests/host/libc.o: NAMES :=
$(OUT)/$(1)/obj/%.o: %.c tests/host/host.mk
	@mkdir -p $$(@D)
	$$(CC_$(1)) $$(NAMES) -c -o $$@ $$<

$(OUT)/$(1)/libnop5.a: $(LIBRARY:%.c=$(OUT)/$(1)/obj/%.o)
$(OUT)/$(1)/libfake.a: $(FAKES:%.c=$(OUT)/$(1)/obj/%.o)
$(OUT)/$(1)/lib%.a:
	@rm -f $$@
	ar rcs $$@ $$^

$(foreach t,$(TESTS_$(1)),$(eval $(call program,$(1),$(t))))
endef

$(foreach v,unit fuzz,$(eval $(call variant,$(v))))

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

.PHONY: unit fuzz
