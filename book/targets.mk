# SPDX-License-Identifier: MIT
#: make book         a course on all this, one folder of pages; no network
#: make slides       the same pictures and sessions, one to a slide
#: make book-update  plays the book's sessions, writes what comes, and figures
BOOK         := $(BUILD)/book
SLIDES       := $(BUILD)/slides.html
INSTALL      += book slides book-update
NEED_book    := book
NEED_test    += book-update

# The page of the theatre lies in it, for chapter 5.
book: kernel-debug
	$(Q)$(PYTHON) -m sphinx -E -a -q -W --keep-going -b html \
		-d $(BUILD)/book-doctrees book $(BOOK)
	$(Q)$(PYTHON) -m tools.theatre.make --smp 4 \
		--kernel $(BUILD)/nop5-debug.elf -o $(BOOK)/theatre.html \
		>$(BOOK)-theatre.log || { cat $(BOOK)-theatre.log; false; }
	@echo $(BOOK)/index.html

slides:
	@mkdir -p $(BUILD)
	$(Q)$(PYTHON) -m book.slides -o $(SLIDES)

book-update: kernel kernel-debug
	$(Q)BUILD=$(BUILD) $(PYTHON) -m book.transcripts

.PHONY: book slides book-update
