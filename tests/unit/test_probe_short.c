// SPDX-License-Identifier: MIT
/*
 * The short form of an fprobe, f:FUNCTION PARAMETER: what it means, and every
 * line beside it that must stay what it is on Linux.
 *
 * host-sources: trace/probes/probe_parse.c trace/probes/probe_arg.c
 * host-sources: trace/probes/probe_type.c trace/probes/probe_name.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/probe_sound.h"
#include "tests/unit/probe_symbols.h"
#include "tests/unit/unit.h"

static struct probe_line line;

static void note(const char *text)
{
	host_print(text);
	host_print("\n");
}

static struct probe_def *parse(const char *text)
{
	CHECK_EQ(probe_line_cut(&line, text, strlen(text)), 0);
	return probe_parse(&line, "prft");
}

static void check_means(const char *text, const char *full)
{
	struct probe_def *def = parse(text);
	char is[256];

	if (!CHECK(!IS_ERR(def))) {
		note(text);
		return;
	}
	probe_write_back(def, is, sizeof(is));
	CHECK_STR(is, full);
	CHECK_STR(line.text, text); /* an error would quote what was typed */
	probe_def_free(def);
}

UNIT(probe_short, a_parameter_in_the_place_of_the_function)
{
	check_means("f:vfs_read count",
		    "f:fprobes/vfs_read vfs_read count=count");
	check_means("f:vfs_read buf pos file->number",
		    "f:fprobes/vfs_read vfs_read buf=buf pos=pos "
		    "arg3=file->number");
	check_means("f:vfs_read count $retval",
		    "f:fprobes/vfs_read vfs_read%return count=count "
		    "arg2=$retval");
}

/* pos is a parameter of vfs_read, and a function: Linux takes that. */
UNIT(probe_short, a_function_of_that_name_is_the_place)
{
	check_means("f:vfs_read pos", "f:fprobes/vfs_read pos");
	check_means("f:vfs_read do_exit", "f:fprobes/vfs_read do_exit");
	check_means("f:vfs_read vfs_read count",
		    "f:fprobes/vfs_read vfs_read count=count");
}

static void check_refused(const char *text, const char *why, int err,
			  unsigned int at)
{
	struct probe_def *def = parse(text);

	if (!CHECK(IS_ERR(def))) {
		note(text);
		probe_def_free(def);
		return;
	}
	CHECK_EQ(PTR_ERR(def), err);
	CHECK_STR(probe_error_text(line.error), why);
	if (!CHECK_EQ(line.error_at, at))
		note(text);
}

#define NOT_THERE "Invalid probed address or symbol"

UNIT(probe_short, everything_else_is_refused_as_it_was)
{
	/* Another kind of probe, or a name that is no function's. */
	check_refused("p:vfs_read count", NOT_THERE, -EINVAL, 11);
	check_refused("r:vfs_read count", NOT_THERE, -EINVAL, 11);
	check_refused("f:no_function count", NOT_THERE, -EINVAL, 14);
	check_refused("f count", NOT_THERE, -EINVAL, 2);
	/* A group, in both spellings; a name that two functions have. */
	check_refused("f:g/vfs_read count", NOT_THERE, -EINVAL, 13);
	check_refused("f:g.vfs_read count", NOT_THERE, -EINVAL, 13);
	check_refused("f:twice count", NOT_THERE, -EINVAL, 8);
	/* No parameter, not all of the word, or no table. */
	check_refused("f:vfs_read hoge", NOT_THERE, -EINVAL, 11);
	check_refused("f:vfs_read coun", NOT_THERE, -EINVAL, 11);
	check_refused("f:vfs_read count+8", NOT_THERE, -EINVAL, 11);
	check_refused("f:vfs_read x=count", NOT_THERE, -EINVAL, 11);
	check_refused("f:kernel_clone count", NOT_THERE, -EINVAL, 15);
	check_refused("f:do_exit count", NOT_THERE, -EINVAL, 10);
	check_refused("f:vfs_read count%hoge", "Invalid probed address suffix",
		      -EINVAL, 16);
}

/* Places of errors are those in the words that were typed. */
UNIT(probe_short, an_error_behind_it_has_its_place)
{
	check_refused("f:vfs_read pair",
		      "Non pointer structure/union argument is not supported.",
		      -EOPNOTSUPP, 11);
	check_refused("f:vfs_read count hoge",
		      "This variable is not found at this probe point", -ENOENT,
		      17);
	check_refused("f:vfs_read count count",
		      "This argument name is already used", -EINVAL, 17);
	check_refused("f10:vfs_read count",
		      "Maxactive is only for function exit", -EINVAL, 1);
}

/* "f:vfs_read count $stack $stack...": @n arguments. */
static const char *many(unsigned int n)
{
	static char text[2048];
	size_t at = (size_t)snprintf(text, sizeof(text), "f:vfs_read count");

	while (--n)
		at += (size_t)snprintf(text + at, sizeof(text) - at, " $stack");
	return text;
}

UNIT(probe_short, the_place_is_no_argument)
{
	size_t live = host_live;
	struct probe_def *def = parse(many(PROBE_ARGS));

	if (CHECK(!IS_ERR(def))) {
		CHECK_EQ(def->n_args, PROBE_ARGS);
		probe_def_free(def);
	}
	check_refused(many(PROBE_ARGS + 1), "Too many arguments are specified",
		      -E2BIG, 11);
	CHECK_EQ(host_live, live);
}
