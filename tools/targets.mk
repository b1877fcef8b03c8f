# SPDX-License-Identifier: MIT
#: make compdb       compile_commands.json, for clangd and other editors
COMPDB ?= compile_commands.json

compdb: $(COMPDB)
	@echo $<

$(COMPDB): FORCE
	@$(MAKE) -s -n -B V=1 kernel > $(BUILD)/compdb.in
	@$(PYTHON) tools/compdb.py < $(BUILD)/compdb.in > $@

.PHONY: compdb
