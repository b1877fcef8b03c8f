// SPDX-License-Identifier: MIT
/*
 * probe_hint.c - says why `probe FUNC NAME` knows no such parameter: which ones
 * the function has, and where one of that name is.
 *
 * Owns nothing.
 */
#include "demo/words.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/params.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/probes/kprobe.h"

#define NAMED_MOST 6 /* functions; the others are counted */

struct hint {
	char text[SHELL_TEXT];
	size_t len;
};

static void say(struct hint *hint, const char *fmt, const char *name)
{
	hint->len += scnprintf(hint->text + hint->len,
			       sizeof(hint->text) - hint->len, fmt, name);
}

/*
 * The name in [NAME=]PARAMETER[->FIELD][:TYPE], which may stand in +OFFSET().
 * Return: false: there is no parameter in it.
 */
static bool cut_name(const char *arg, char *name, size_t size)
{
	const char *start = strchr(arg, '=');
	const char *inner = strrchr(arg, '(');
	size_t len;

	start = inner ? inner + 1 : start ? start + 1 : arg;
	len = strcspn(start, ":-.)");
	if (!len || len >= size || (!isalpha(*start) && *start != '_'))
		return false;
	memcpy(name, start, len);
	name[len] = '\0';
	return true;
}

static void say_own(struct hint *hint, unsigned long function)
{
	int n, count = param_count(function);
	struct param param;

	if (!count)
		say(hint, "%s", "none");
	for (n = 0; n < count; n++) {
		param_get(function, (unsigned int)n, &param);
		say(hint, n ? ", %s" : "%s", param.name);
	}
}

/* The functions that may be probed and have such a parameter. */
static void say_others(struct hint *hint, const char *name)
{
	static const char intro[] = "; functions with one: %s()";
	unsigned int i, found = 0;
	unsigned long function;
	struct param param;
	char more[32];

	for (i = 0; (function = param_function(i)); i++) {
		if (!param_find(function, name, &param) ||
		    kprobe_blacklisted(function))
			continue;
		if (found < NAMED_MOST)
			say(hint, found ? ", %s()" : intro,
			    kallsyms_lookup(function, NULL, NULL));
		found++;
	}
	scnprintf(more, sizeof(more), "%u", found - NAMED_MOST);
	if (found > NAMED_MOST)
		say(hint, " and %s more", more);
	else if (!found)
		say(hint, "%s", "; no function has one");
}

void probe_hint(const char *place, const char *arg)
{
	char function[WORD_NAME], name[WORD_NAME];
	struct hint hint = { .len = 0 };
	unsigned long address;
	struct param param;

	if (strscpy(function, place, sizeof(function)) < 0)
		return;
	function[strcspn(function, "%")] = '\0';
	address = kallsyms_lookup_name(function);
	if (!address || param_count(address) < 0 ||
	    !cut_name(arg, name, sizeof(name)) ||
	    param_find(address, name, &param))
		return;
	say(&hint, "%s() has no parameter ", function);
	say(&hint, "%s; its own: ", name);
	say_own(&hint, address);
	say_others(&hint, name);
	shell_error("probe", hint.text, 0);
}
