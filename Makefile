# SPDX-License-Identifier: MIT
# nop5: tools, flags, sources, link. A folder has more in its targets.mk;
# `make help` lists all that can be asked for.

# ---- what you may set on the command line -----------------------------------
BUILD    ?= build
SMP      ?= 4
MEM      ?= 256M
ACCEL    ?= tcg
CPU      ?= max
FIRMWARE ?= bios
APPEND   ?=
ONLY     ?= *
MODE     ?= demo
TARGETS  ?= run test
OPT      ?= -O2

.DEFAULT_GOAL := kernel
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)# V=1 shows whole commands

# ---- tools ------------------------------------------------------------------
# CROSS_COMPILE is found by tools/deps.sh.
CC       = $(CROSS_COMPILE)gcc
LD       = $(CROSS_COMPILE)ld
NM       = $(CROSS_COMPILE)nm
OBJCOPY  = $(CROSS_COMPILE)objcopy
OBJDUMP  = $(CROSS_COMPILE)objdump
NASM    := nasm
# Debian's own Python: another one in PATH may lack pytest.
PYTHON  ?= $(firstword $(wildcard /usr/bin/python3) python3)

# ---- flags ------------------------------------------------------------------
INCLUDES := -I. -Iarch/x86_64 -I$(BUILD)/gen
CFLAGS   := -std=gnu11 $(OPT) -g -ffreestanding $(INCLUDES)
CFLAGS   += -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wno-unused-parameter \
	-Wno-missing-field-initializers -Wundef
# Stacks have 16 KiB.
CFLAGS   += -Wframe-larger-than=1024 -Wvla
# Linked in the top 2 GiB, at a fixed address; Debian's gcc defaults to PIE,
# with which -mnop-mcount is refused.
CFLAGS   += -mcmodel=kernel -fno-pic -fno-pie
# Interrupts use the stack below rsp; no FPU, so stacks are aligned to 8.
CFLAGS   += -mno-red-zone -mgeneral-regs-only -mpreferred-stack-boundary=3
# A site must be the first instruction: no endbr64 before it.
CFLAGS   += -fcf-protection=none -fno-stack-protector
# Backtraces walk frame pointers, so there are no unwind tables to keep true.
CFLAGS   += -fno-omit-frame-pointer -fno-asynchronous-unwind-tables
# A function's frame stands from its prologue to its end, or there is none at
# all: else a walk from an interrupted early exit would lose its caller.
CFLAGS   += -fno-shrink-wrap
# A callee may be replaced while we run: assume nothing about its registers.
CFLAGS   += -fno-ipa-ra
# Page tables and rings are read through more than one type.
CFLAGS   += -fno-strict-aliasing -fno-delete-null-pointer-checks
# Every build directory gives the same bytes.
CFLAGS   += '-ffile-prefix-map=$(CURDIR)=.'
# A five-byte NOP at each function's start, its address in __mcount_loc.
TRACE    := -pg -mfentry -mrecord-mcount -mnop-mcount
ASFLAGS  := -f elf64 -g -F dwarf -w+all -w+error --reproducible \
	-I. -I$(BUILD)/gen/ -I$(BUILD)/gen/arch/x86_64/
LDFLAGS  := -nostdlib -static --build-id=none -z max-page-size=4096 \
	-z noexecstack --orphan-handling=error -T linker.ld

# ---- sources: a new file in a layer's directory is built by itself ----------
# nop5.elf is what people boot; nop5-test.elf is the very same objects, and
# behind them those of tests/ and EXTRA: make bench has 100,000 functions there.
LAYERS := boot kernel/lib kernel/base kernel \
	$(addprefix arch/x86_64/,asm mm acpi cpu dev patch) \
	trace $(addprefix trace/,core graph ring event output tracers probes \
	control shell serve) demo
TESTS  := tests/kernel tests/bench/kernel $(EXTRA)
OFFSETS := $(basename $(wildcard */*-offsets.c */*/*-offsets.c))
sources = $(filter-out $(OFFSETS:=.c),$(foreach d,$(2),$(sort \
	$(wildcard $(d)/*.$(1)))))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,c,$(1))) \
	$(patsubst %,$(BUILD)/obj/%.o,$(call sources,asm,$(1)))
OBJS      := $(call objects,$(LAYERS))
TEST_OBJS := $(OBJS) $(call objects,$(TESTS))
INCS    := $(patsubst %.c,$(BUILD)/gen/%.inc,$(wildcard $(OFFSETS:=.c)))

# Not traceable: what runs in a trampoline before its guard, in a callback, in
# INT3 handling, at NMI entry. `make lint` proves the list complete. And what
# makes a line of text of an event, or shows it on a screen: it would add events
# for each that it shows.
NOTRACE_OBJS := \
	$(addprefix arch/x86_64/patch/,ftrace.o ftrace_tramp.o insn.o \
	kprobe_int3.o kprobe_place.o) \
	$(addprefix kernel/,base/kallsyms.o base/screen.o stacktrace.o \
	caller_slot.o unwind_hooks.o) \
	$(addprefix kernel/lib/,printf.o string.o glob.o trace_seq.o) \
	$(addprefix arch/x86_64/dev/,screen.o pci.o virtio.o virtio_serial.o com2.o) \
	$(patsubst %.c,%.o,$(wildcard trace/*.c $(foreach d,core graph ring \
	event output tracers probes serve,trace/$(d)/*.c)))
$(NOTRACE_OBJS:%=$(BUILD)/obj/%): TRACE :=

# memcpy and its kin must not become calls of themselves.
NO_LOOP_CALLS := -fno-tree-loop-distribute-patterns
$(BUILD)/obj/kernel/lib/mem.o: CFLAGS += $(NO_LOOP_CALLS)

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D); echo 'CC      $<'
	$(Q)$(CC) $(CFLAGS) $(TRACE) -MMD -MP -c -o $@ $<

# The list of NASM 2.16 leaves out what a file includes.
$(BUILD)/obj/%.asm.o: %.asm Makefile $(INCS) $(wildcard */*.inc */*/*.inc)
	@mkdir -p $(@D); echo 'NASM    $<'
	$(Q)$(NASM) $(ASFLAGS) -MD $(@:.o=.d) -MP -o $@ $<

# Constants for NASM out of C: lines "->%define NAME value" of its assembly.
$(BUILD)/gen/%.inc: %.c Makefile
	@mkdir -p $(@D); echo 'CC -S   $<'
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $@.d -MT $@ -S -o $@.s $<
	@sed -n '/^->/{s/^->//;s/[$$]//;p}' $@.s > $@

-include $(TEST_OBJS:.o=.d) $(INCS:=.d)

# ---- link: to learn the addresses, with a symbol table, with its checksums --
# The table lies at the end of the image, so it moves nothing but the end.
ELF := $(BUILD)/nop5.elf
TEST_ELF := $(BUILD)/nop5-test.elf
SYMTAB = $(PYTHON) tools/symtab.py --nm "$(NM)"
NORETURN = $(PYTHON) tools/noreturn.py --objdump "$(OBJDUMP)"
NOPROBE = $(PYTHON) tools/noprobe.py --objdump "$(OBJDUMP)" --nm "$(NM)"
NOPROBE_SOURCES := tools/noprobe.py tests/lint/reach.py tests/lint/image.py
kernel: $(ELF) $(TEST_ELF)

$(BUILD)/gen/symtab0.asm: tools/symtab.py
	@mkdir -p $(@D)
	$(Q)$(SYMTAB) --empty > $@

MARKS = $(foreach of,noreturn noprobe params,--$(of) $(BUILD)/gen/$(1).$(of))

# $(1): the image's name, $(2): its objects. NAME.objects: a source file that is
# gone has to leave the image, too.
define image
$(BUILD)/$(1).pass0.elf: $(BUILD)/gen/symtab0.o
$(BUILD)/$(1).pass1.elf: $(BUILD)/gen/$(1).symtab1.o
$(BUILD)/$(1).pass2.elf: $(BUILD)/gen/$(1).symtab2.o
$(BUILD)/$(1).pass%.elf: $(2) linker.ld $(BUILD)/$(1).objects
	@echo 'LD      $$@'
	$(Q)$(LD) $(LDFLAGS) -Map=$(BUILD)/$(1).map -o $$@ $$(filter %.o,$$^)

$(BUILD)/gen/$(1).noreturn: $(BUILD)/$(1).pass0.elf tools/noreturn.py
	$(Q)$(NORETURN) $$< > $$@
$(BUILD)/gen/$(1).noprobe: $(BUILD)/$(1).pass0.elf $(NOPROBE_SOURCES)
	$(Q)$(NOPROBE) $$< > $$@
$(BUILD)/gen/$(1).params: $(BUILD)/$(1).pass0.elf tools/params.py
	@$(PYTHON) tools/params.py $$< $$@
$(BUILD)/gen/$(1).symtab1.asm: $(BUILD)/$(1).pass0.elf
$(BUILD)/gen/$(1).symtab2.asm: $(BUILD)/$(1).pass1.elf
$(BUILD)/gen/$(1).symtab1.asm $(BUILD)/gen/$(1).symtab2.asm: \
		$(addprefix $(BUILD)/gen/$(1).,noreturn noprobe params)
	$(Q)$(SYMTAB) $(MARKS) $$(filter %.elf,$$^) > $$@

$(BUILD)/$(1).elf: $(BUILD)/$(1).pass2.elf tools/sort_sites.py
	@$(SYMTAB) $(MARKS) $$< | cmp - $(BUILD)/gen/$(1).symtab2.asm
	@$(PYTHON) tools/sort_sites.py --nm "$(NM)" $$< > $$@

$(BUILD)/$(1).objects: export TEXT = $(2:$(BUILD)/%=%)
endef
$(eval $(call image,nop5,$(OBJS)))
$(eval $(call image,nop5-test,$(TEST_OBJS)))

# Its path would otherwise be recorded in the image.
$(BUILD)/gen/%.o: $(BUILD)/gen/%.asm
	$(Q)cd $(@D) && $(NASM) -f elf64 -o $(@F) $(<F)

# A file is new only when its text is another.
write_text = @mkdir -p $(@D); echo "$$TEXT" | cmp -s - $@ || echo "$$TEXT" > $@
$(BUILD)/%.objects: FORCE
	$(write_text)

# ---- more, folder by folder; and what a goal needs of the host ---------------
FOLDERS := $(sort $(wildcard */targets.mk */*/targets.mk))
NO_NEED := help clean
include $(FOLDERS) tools/deps.mk

# ---- housekeeping -----------------------------------------------------------
clean: not-mounted
	rm -rf $(BUILD)
$(if $(filter clean,$(MAKECMDGOALS)),.NOTPARALLEL:)# make -j8 clean kernel

help:
	@sed -n 's/^#: //p' $(FOLDERS) Makefile
#: make kernel deps clean help
#: Variables: SMP=4 MEM=256M ACCEL=tcg CPU=max FIRMWARE=bios|uefi BUILD=build
#:   APPEND="words for the kernel" (help: all)  ONLY='glob' (of unit, bench)
#:   MODE=demo|shell|tests|bench|lab|theatre|torture|crash   (of run, debug)
#:   OPT=-O2|-Os CC=gcc-12|gcc-11   (each with a BUILD of its own)
#:   MEMORY_FILE=FILE (the machine's memory, kept for the next run)
#:   SHARD=i/n (of test, test-all)  SKIP_TEST=1 (test-all without test's parts)
#: Status: 0, or 2 after "Error N" of run: N is 35 if a test or the mode failed,
#:   37 panic, 39 command line refused, 1 else

.PHONY: FORCE kernel clean help
