/* SPDX-License-Identifier: MIT */
/*
 * shell_filters.h - cat, head, grep and wc for the table of commands.
 */
#pragma once

#include "trace/shell/shell.h"

/*
 * Read the files after the options. A file that cannot be read is reported and
 * skipped. Return: 0, the errno of a skipped file, -EINVAL no file, or a write
 * error.
 */
int filter_run(struct stage *stage);
int cat_options(struct stage *stage);
int head_options(struct stage *stage);
int head_line(struct stage *stage, const char *text, size_t len);
int grep_options(struct stage *stage);
int grep_line(struct stage *stage, const char *text, size_t len);
int grep_end(struct stage *stage);
int wc_options(struct stage *stage);
int wc_line(struct stage *stage, const char *text, size_t len);
int wc_end(struct stage *stage);
