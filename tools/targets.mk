# SPDX-License-Identifier: MIT
#: make compdb       compile_commands.json, for clangd and other editors
COMPDB ?= compile_commands.json

compdb: $(COMPDB)
	@echo $<

$(COMPDB): FORCE
	@$(MAKE) -s -n -B V=1 kernel > $(BUILD)/compdb.in
	@$(PYTHON) tools/compdb.py < $(BUILD)/compdb.in > $@

.PHONY: compdb

#: make release      ISO, images, book, theatre pages, a trace.dat, checksums
RELEASE       := $(BUILD)/release
INSTALL       += release
NEED_test     += release
NEED_test-all += release

# In one build directory, so that the book has been made when it is copied.
release: kernel kernel-debug $(if $(wildcard book/targets.mk),book)
	@$(PYTHON) -m tools.release --build $(BUILD) -o $(RELEASE)

.PHONY: release
