// SPDX-License-Identifier: MIT
/*
 * shell_dirs.c - mkdir and rmdir: traces of one's own, instances/NAME.
 */
#include "kernel/lib/errno.h"
#include "trace/control/tracefs.h"
#include "trace/shell/shell.h"

/* For each operand; an error does not keep the others from their turn. */
static int each(struct stage *stage, int (*change)(const char *path))
{
	int i, err, ret = 0;

	if (stage->argc < 2) {
		shell_error(stage->argv[0], "which directory?", 0);
		return -EINVAL;
	}
	for (i = 1; i < stage->argc; i++) {
		err = change(shell_path(stage->argv[i]));
		if (!err)
			continue;
		shell_error(stage->argv[0], stage->argv[i], err);
		ret = err;
	}
	return ret;
}

static int mkdir_run(struct stage *stage)
{
	return each(stage, tracefs_mkdir);
}

SHELL_COMMAND(mkdir, .usage = "mkdir DIRECTORY...", .run = mkdir_run,
	      .help = "make a trace: mkdir instances/NAME");

static int rmdir_run(struct stage *stage)
{
	return each(stage, tracefs_rmdir);
}

SHELL_COMMAND(rmdir, .usage = "rmdir DIRECTORY...", .paths = true,
	      .run = rmdir_run, .help = "remove it again");
