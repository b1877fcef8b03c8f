# SPDX-License-Identifier: MIT
# The ISO, and QEMU booted from it.
#: make run          build the ISO, boot it in QEMU, play the demo
#: make run STEP=1   the same, waiting for Enter
#: make shell        boot the ISO into the shell on this terminal
#: make debug        QEMU under gdb, with the kernel's symbols
#: make iso          an ISO with a menu, for BIOS and UEFI
INSTALL    += run shell debug
NEED_debug += debug

ISO    = $(BUILD)/nop5.iso
MKISO  = $(PYTHON) tools/mkiso.py --objcopy "$(OBJCOPY)"

iso: $(ISO)
	@echo 'boot it: qemu-system-x86_64 -machine q35 -m 256M -smp 4' \
	'-vga std -serial stdio -cdrom $(ISO)'
	@echo '(with UEFI: -bios /usr/share/ovmf/OVMF.fd)'

$(ISO): $(ELF) $(TEST_ELF) boot/grub.cfg tools/mkiso.py
	@echo 'ISO     $@'
	$(Q)$(MKISO) --timeout 5 $@ $(ELF) $(TEST_ELF)

# The image that `make run` boots: MODE names the menu entry, and APPEND goes to
# the end of its command line. Other images are built only if MODE needs them.
RUN_ELFS := $(ELF) $(if $(filter-out demo shell,$(MODE)),$(TEST_ELF)) \
	$(if $(filter lab theatre,$(MODE)),$(BUILD)/nop5-debug.elf)
$(BUILD)/run.iso: $(RUN_ELFS) boot/grub.cfg tools/mkiso.py $(BUILD)/run.args
	@echo 'ISO     $@'
	$(Q)$(MKISO) --default $(MODE) --append "$$APPEND" $@ $(RUN_ELFS)

$(BUILD)/run.args: export TEXT = $(MODE) $(APPEND)
$(BUILD)/run.args: FORCE
	$(write_text)

MACHINE = --smp $(SMP) --mem $(MEM) --accel $(ACCEL) --cpu $(CPU) \
	--firmware $(FIRMWARE) \
	$(if $(MEMORY_FILE),--memory-file $(MEMORY_FILE))
RUN = $(PYTHON) tools/run.py $(MACHINE)

# STEP=1: the demo waits for Enter.
run: APPEND += $(if $(STEP),step=on)
run: $(BUILD)/run.iso
	@$(RUN) $(if $(STEP),--interactive) --iso $<

shell: MODE := shell
shell: $(BUILD)/run.iso
	@$(RUN) --interactive --iso $<

debug: $(lastword $(RUN_ELFS))
	@$(RUN) --gdb tools/nop5.gdb --log $(BUILD)/debug.log --kernel $< \
		--append "mode=$(MODE) $$APPEND"

.PHONY: iso run shell debug
