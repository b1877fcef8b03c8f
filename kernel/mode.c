// SPDX-License-Identifier: MIT
/*
 * Does what the command line asks for: runs a mode, or prints the list of
 * words. A bad command line is refused with a sentence.
 *
 * Context: the thread "init", after all boot steps.
 */
#include "kernel/mode.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/service.h"

DEFINE_TABLE(struct kernel_mode, kernel_modes);
DEFINE_TABLE(struct cmdline_word, cmdline_words);
DEFINE_TABLE(struct service, services);

/*
 * The values of mode=, from the table of modes: an image without tests has
 * fewer.
 */
static const char *mode_name(size_t nr)
{
	return nr < table_size(kernel_modes) ? kernel_modes_first[nr]->name :
					       NULL;
}

CMDLINE_CHOICE(mode, "NAME", mode_name, "what to do; demo if nothing is said");
CMDLINE_BARE(help, "print this list, and end");
/* GRUB's `linux` command and PXE loaders put it before our words. */
CMDLINE_WORD(BOOT_IMAGE, .kind = CMDLINE_IS_IGNORED, .values = "FILE",
	     .what = "written by boot loaders; ignored");

/* Modes have a description each; other values are printed in a row. */
static void help_values(const struct cmdline_word *word)
{
	const struct kernel_mode *const *mode;
	char line[64];
	size_t nr = 0;

	if (word->choice != mode_name)
		while (cmdline_values(word, " ", &nr, line, sizeof(line)))
			printk_plain("      %s", line);
	else
		for_each_entry(mode, kernel_modes) printk_plain(
			"      %-16s%s", (*mode)->name, (*mode)->what);
}

/* NAME=VALUES, as one types it, and what it does. */
static void help_word(const struct cmdline_word *word)
{
	bool has_value = word->kind != CMDLINE_IS_BARE &&
			 word->kind != CMDLINE_IS_MAYBE;
	char form[64];
	size_t nr = 0, n;

	n = scnprintf(form, sizeof(form), "%s%s%s", word->name,
		      has_value ? "=" : "", word->values ? word->values : "");
	if (word->choice && has_value && !word->values)
		cmdline_values(word, "|", &nr, form + n, sizeof(form) - n);
	printk_plain("  %-26s %s", form, word->what);
	if (word->choice && word->values)
		help_values(word);
}

static void help(void)
{
	const struct cmdline_word *const *word;

	printk_plain("words of the kernel's command line:");
	for_each_entry(word, cmdline_words) help_word(*word);
}

/* Says what is wrong with which word, and what would be right. */
static void refuse(const struct cmdline_fault *fault)
{
	char line[160];
	size_t nr = 0;

	cmdline_explain(fault, line, sizeof(line));
	pr_always("command line: %s", line);
	if (fault->why == CMDLINE_UNKNOWN)
		pr_always("command line: the word help lists all there are");
	if (fault->known && fault->known->choice)
		while (cmdline_values(fault->known, ", ", &nr, line,
				      sizeof(line)))
			pr_always("command line: %s may be: %s",
				  fault->known->name, line);
}

static int run(void)
{
	char name[CMDLINE_WORD_ROOM] = "demo";
	size_t nr = 0;

	cmdline_get("mode", name, sizeof(name));
	while (strcmp(mode_name(nr), name)) /* cmdline_check() has found it */
		nr++;
	return kernel_modes_first[nr]->run();
}

/* A service that fails has said so; the mode runs all the same. */
static void start_services(void)
{
	const struct service *const *service;

	for_each_entry(service, services)(*service)->start();
}

/*
 * Everything is checked before anything starts: an experiment that is misspelt
 * is not run in part.
 */
enum exit_code mode_run(void)
{
	struct cmdline_fault fault;
	int ret;

	if (!cmdline_check(cmdline_words_first, table_size(cmdline_words),
			   cmdline(), &fault)) {
		refuse(&fault);
		return EXIT_CODE_REFUSED;
	}
	if (cmdline_get("help", NULL, 0)) {
		help();
		return EXIT_CODE_OK;
	}
	start_services();
	ret = run();
	if (ret)
		pr_err("the mode failed: %d", ret);
	return ret ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}
