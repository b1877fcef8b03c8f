// SPDX-License-Identifier: MIT
/*
 * nodes.c - parse written text for the files of the control tree.
 */
#include "trace/control/nodes.h"

#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "trace/trace.h"

int node_number(struct tracefs_file *file, const char *buf, size_t len, u64 *n)
{
	char text[32];
	size_t i;
	int ret;

	for (i = 0; i < len && isdigit(buf[i]); i++)
		;
	file->error_at = i;
	file->error_text = i ? "no decimal number" : "a number is needed";
	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, buf, len);
	text[len] = '\0';
	ret = kstrtoull(text, 10, n);
	if (ret == -ERANGE) {
		file->error_text = "the number is too large";
	} else if (!ret) {
		file->error_at = 0;
		file->error_text = NULL;
	}
	return ret;
}

int node_word(struct tracefs_file *file, const char *buf, size_t len,
	      char word[NODE_WORD])
{
	size_t start = 0;

	while (start < len && isspace(buf[start]))
		start++;
	while (len > start && isspace(buf[len - 1]))
		len--;
	file->error_at = start;
	file->error_text = len > start ? "the word is too long" :
					 "a word is needed";
	if (len == start || len - start >= NODE_WORD)
		return -EINVAL;
	file->error_text = NULL;
	memcpy(word, buf + start, len - start);
	word[len - start] = '\0';
	return 0;
}

struct trace_array *file_trace(const struct tracefs_file *file)
{
	return tracefs_above(&file->at, &trace_dir)->data ?: trace_top();
}
