# SPDX-License-Identifier: MIT
# nop5: tools, flags, sources, link, image, run, check; targets: `make help`.

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

.DEFAULT_GOAL := kernel
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)# V=1 shows whole commands

# ---- tools ------------------------------------------------------------------
# A missing program is named; what a newcomer types installs it, on Debian. The
# stamp of some lists of tools/deps.sh also says which compiler prefix there is.
# make builds an included file first, then restarts.
CHECKS  := test test-all unit fuzz bench bench-linux lab torture lint
INSTALL := run shell debug test test-all bench bench-linux lab torture
LISTS   := run test test-all tools debug
DEPS    := deps $(LISTS:%=deps-%)
GOALS   := $(or $(MAKECMDGOALS),kernel)
asked    = $(filter $(1),$(GOALS))
ifneq ($(filter-out help clean test-fresh $(DEPS),$(GOALS)),)
NEEDED := run $(call asked,debug) $(if $(call asked,$(CHECKS)),test) \
	$(if $(call asked,test-all torture),test-all) \
	$(if $(call asked,bench-linux),tools)
SPACE  := $(subst ,, )
include $(BUILD)/deps-$(subst $(SPACE),+,$(strip $(NEEDED))).mk
endif

$(BUILD)/deps-%.mk: tools/deps.sh
	@mkdir -p $(@D)
	@sh tools/deps.sh $(if $(call asked,$(INSTALL) $(DEPS)),install,name) \
		$* $@

CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
NASM    := nasm
# Debian's own Python: another one in PATH may lack pytest.
PYTHON  ?= $(firstword $(wildcard /usr/bin/python3) python3)

# ---- flags ------------------------------------------------------------------
INCLUDES := -I. -Iarch/x86_64 -I$(BUILD)/gen
CFLAGS   := -std=gnu11 -O2 -g -ffreestanding $(INCLUDES)
CFLAGS   += -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wno-unused-parameter \
	-Wno-missing-field-initializers
# Linked in the top 2 GiB, at a fixed address; Debian's gcc defaults to PIE,
# with which -mnop-mcount is refused.
CFLAGS   += -mcmodel=kernel -fno-pic -fno-pie
# An interrupt uses the stack below rsp; the FPU belongs to nobody.
CFLAGS   += -mno-red-zone -mgeneral-regs-only
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
	$(addprefix arch/x86_64/,asm cpu mm dev patch) \
	trace $(addprefix trace/,core graph ring event output tracers control \
	shell) demo
TESTS  := tests/kernel tests/bench/kernel $(EXTRA)
OFFSETS := boot/boot-offsets arch/x86_64/asm-offsets
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
	$(addprefix arch/x86_64/patch/,ftrace.o ftrace_tramp.o insn.o) \
	kernel/base/kallsyms.o kernel/stacktrace.o kernel/unwind_hooks.o \
	kernel/lib/printf.o kernel/lib/string.o \
	kernel/base/screen.o arch/x86_64/dev/screen.o \
	$(patsubst %.c,%.o,$(wildcard trace/*.c $(foreach d,core graph ring \
	event output tracers,trace/$(d)/*.c)))
$(NOTRACE_OBJS:%=$(BUILD)/obj/%): TRACE :=

# memcpy and its kin must not become calls of themselves.
$(BUILD)/obj/kernel/lib/mem.o: CFLAGS += -fno-tree-loop-distribute-patterns

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D); echo 'CC      $<'
	$(Q)$(CC) $(CFLAGS) $(TRACE) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.asm.o: %.asm Makefile $(INCS)
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
kernel: $(ELF) $(TEST_ELF)

$(BUILD)/gen/symtab0.asm: tools/symtab.py
	@mkdir -p $(@D)
	$(Q)$(SYMTAB) --empty > $@

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

$(BUILD)/gen/$(1).symtab1.asm: $(BUILD)/$(1).pass0.elf
$(BUILD)/gen/$(1).symtab2.asm: $(BUILD)/$(1).pass1.elf
$(BUILD)/gen/$(1).symtab1.asm $(BUILD)/gen/$(1).symtab2.asm: \
		$(BUILD)/gen/$(1).noreturn
	$(Q)$(SYMTAB) --noreturn $(BUILD)/gen/$(1).noreturn \
		$$(filter %.elf,$$^) > $$@

$(BUILD)/$(1).elf: $(BUILD)/$(1).pass2.elf
	@$(SYMTAB) --noreturn $(BUILD)/gen/$(1).noreturn $$< | \
		cmp - $(BUILD)/gen/$(1).symtab2.asm
	@cp $$< $$@

$(BUILD)/$(1).objects: export TEXT = $(2:$(BUILD)/%=%)
endef
$(eval $(call image,nop5,$(OBJS)))
$(eval $(call image,nop5-test,$(TEST_OBJS)))

# Its path would otherwise be recorded in the image.
$(BUILD)/gen/%.o: $(BUILD)/gen/%.asm
	$(Q)cd $(@D) && $(NASM) -f elf64 -o $(@F) $(<F)

# ---- image ------------------------------------------------------------------
ISO   := $(BUILD)/nop5.iso
MKISO := $(PYTHON) tools/mkiso.py --objcopy "$(OBJCOPY)"

iso: $(ISO)
	@echo 'boot it: qemu-system-x86_64 -machine q35 -m 256M -smp 4' \
	'-vga std -serial stdio -cdrom $(ISO)'
	@echo '(with UEFI: -bios /usr/share/ovmf/OVMF.fd)'

$(ISO): $(ELF) $(TEST_ELF) boot/grub.cfg tools/mkiso.py
	@echo 'ISO     $@'
	$(Q)$(MKISO) --timeout 5 $@ $(ELF) $(TEST_ELF)

# The image that `make run` boots: MODE is the entry, APPEND goes to its end.
# Tests are not built for who does not ask for them.
RUN_ELFS := $(ELF) $(if $(filter-out demo shell,$(MODE)),$(TEST_ELF))
$(BUILD)/run.iso: $(RUN_ELFS) boot/grub.cfg tools/mkiso.py $(BUILD)/run.args
	@echo 'ISO     $@'
	$(Q)$(MKISO) --default $(MODE) --append "$$APPEND" $@ $(RUN_ELFS)

# New only when its text is another.
$(BUILD)/run.args: export TEXT = $(MODE) $(APPEND)
$(BUILD)/run.args $(BUILD)/nop5.objects $(BUILD)/nop5-test.objects: FORCE
	@mkdir -p $(@D); echo "$$TEXT" | cmp -s - $@ || echo "$$TEXT" > $@

# ---- run --------------------------------------------------------------------
MACHINE = --smp $(SMP) --mem $(MEM) --accel $(ACCEL) --cpu $(CPU) \
	--firmware $(FIRMWARE)
RUN = $(PYTHON) tools/run.py $(MACHINE)

run: $(BUILD)/run.iso
	@$(RUN) --iso $<

shell: MODE := shell
shell: $(BUILD)/run.iso
	@$(RUN) --interactive --iso $<

debug: $(lastword $(RUN_ELFS))
	@$(RUN) --gdb tools/nop5.gdb --log $(BUILD)/debug.log --kernel $< \
		--append "mode=$(MODE) $$APPEND"

# ---- check: all of it lives in tests/ ---------------------------------------
export BUILD SMP MEM ACCEL CPU FIRMWARE APPEND ONLY CC NM OBJCOPY PYTHON

# `test` and `test-all` build it themselves, and count what that costs.
$(filter-out test test-all,$(CHECKS)): kernel
$(CHECKS):
	@$(PYTHON) tests/run.py $@

# What a newcomer types, in a Debian with git and make alone; needs root.
test-fresh:
	@$(PYTHON) tests/fresh.py $(TARGETS)

# ---- pictures of traces -----------------------------------------------------
include tools/trace/targets.mk

# ---- housekeeping -----------------------------------------------------------
deps: $(LISTS:%=deps-%)

$(LISTS:%=deps-%): deps-%: $(BUILD)/deps-%.mk
	@echo '$*: every program is there'

clean:
	rm -rf $(BUILD)
$(if $(filter clean,$(MAKECMDGOALS)),.NOTPARALLEL:)# make -j8 clean kernel

help:
	@sed -n 's/^#: //p' Makefile
#: make run          build the ISO, boot it in QEMU, play the demo
#: make shell        boot the ISO into the shell on this terminal
#: make test         what a newcomer runs; last line: N passed, N failed
#: make test-all     every test that belongs in front of a change
#: make test-fresh   TARGETS='run test' in a new Debian root (needs root)
#: make unit fuzz lint          the host's share of the tests
#: make bench bench-linux       measure; the same rows on Linux
#: make torture lab             long runs; the patching laboratory
#: make flame timeline          pictures of a second of the workload
#: make debug        QEMU under gdb, with the kernel's symbols
#: make deps clean help iso (an ISO with a menu, for BIOS and UEFI)
#: Variables: SMP=4 MEM=256M ACCEL=tcg CPU=max FIRMWARE=bios|uefi BUILD=build
#:   APPEND="words for the kernel" (help: all)  ONLY='glob' (of unit, bench)
#:   MODE=demo|shell|tests|bench|lab|torture|crash   (of run, debug)
#:   SHARD=i/n (of test, test-all)  SKIP_TEST=1 (test-all without test's parts)
#: Status: 0, or 2 after "Error N" of run: N is 35 if a test or the mode failed,
#:   37 panic, 39 command line refused, 1 else

.PHONY: FORCE kernel iso run shell debug clean help test-fresh $(CHECKS) $(DEPS)
