// SPDX-License-Identifier: MIT
/*
 * probe_parse.c - a line becomes a definition: its words, its kind, its names
 * and its place. probe_arg.c has the arguments.
 *
 * Owns nothing. PE1 stands in probe_parse.h.
 *
 * Pure. Context: task.
 */
#include "trace/probes/probe_parse.h"

#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

const char *probe_error_text(enum probe_error_id id)
{
	static const char *const texts[] = {
#define PROBE_ERROR_TEXT(name, text) text,
		PROBE_ERROR_LIST(PROBE_ERROR_TEXT)
#undef PROBE_ERROR_TEXT
	};

	return texts[id];
}

/* ---- words --------------------------------------------------------------- */

/* There is room: each word but the last has a blank behind it in the input. */
static void add_word(struct probe_line *line, const char *word, size_t len,
		     size_t *used)
{
	if (line->n < PROBE_WORDS) {
		line->at[line->n] = (u16)*used;
		line->word[line->n] = line->cut + *used;
	}
	line->n++;
	memcpy(line->cut + *used, word, len);
	line->cut[*used + len] = '\0';
	memcpy(line->text + *used, word, len);
	line->text[*used + len] = ' ';
	*used += len + 1;
}

/* All words up to the end or a comment. Return: the bytes of ->text. */
static size_t add_words(struct probe_line *line, const char *text, size_t len)
{
	size_t at = 0, start, used = 0;

	for (;;) {
		while (at < len && isspace(text[at]))
			at++;
		start = at;
		while (at < len && !isspace(text[at]) && text[at] != '#')
			at++;
		if (at == start)
			return used;
		add_word(line, text + start, at - start, &used);
	}
}

int probe_line_cut(struct probe_line *line, const char *text, size_t len)
{
	bool too_many;
	size_t used;

	line->n = 0;
	line->error = PROBE_ERROR_NONE;
	line->error_at = 0;
	if (len > PROBE_LINE)
		return -EINVAL;
	used = add_words(line, text, len);
	line->text[used ? used - 1 : 0] = '\0';
	too_many = line->n > PROBE_WORDS;
	line->n = min(line->n, (unsigned int)PROBE_WORDS);
	line->at[line->n] = (u16)used;
	if (!too_many)
		return 0;
	probe_line_error(line, PROBE_ERROR_TOO_MANY_ARGS, 2, 0);
	return -E2BIG;
}

void probe_line_error(struct probe_line *line, enum probe_error_id id,
		      unsigned int word, unsigned int offset)
{
	if (line->error != PROBE_ERROR_NONE)
		return;
	line->error = id;
	/* Behind the last word: one character behind the text. */
	line->error_at =
		line->at[min(word, line->n)] + (word < line->n ? offset : 0);
}

static int fail(struct probe_line *line, enum probe_error_id id,
		unsigned int word, unsigned int offset)
{
	probe_line_error(line, id, word, offset);
	return -EINVAL;
}

/* ---- names --------------------------------------------------------------- */

/* An identifier of C; a group's name may also have a '-'. */
static bool good_name(const char *name, bool group)
{
	if (!isalpha(*name) && *name != '_')
		return false;
	while (isalnum(*name) || *name == '_' || (group && *name == '-'))
		name++;
	return !*name;
}

int probe_parse_name(struct probe_line *line, char *text, unsigned int offset,
		     char **group, char **event)
{
	char *slash = strchr(text, '/') ?: strchr(text, '.');

	*group = NULL;
	*event = text;
	if (slash) {
		*slash = '\0';
		*group = text;
		*event = slash + 1;
		if (slash == text)
			return fail(line, PROBE_ERROR_NO_GROUP_NAME, 0, offset);
		if (slash - text >= PROBE_NAME)
			return fail(line, PROBE_ERROR_GROUP_TOO_LONG, 0,
				    offset);
		if (!good_name(text, true))
			return fail(line, PROBE_ERROR_BAD_GROUP_NAME, 0,
				    offset);
		offset += (unsigned int)(slash + 1 - text);
		if (!**event)
			return 0;
	}
	if (!**event)
		return fail(line, PROBE_ERROR_NO_EVENT_NAME, 0, offset);
	if (strlen(*event) >= PROBE_NAME)
		return fail(line, PROBE_ERROR_EVENT_TOO_LONG, 0, offset);
	if (!good_name(*event, false))
		return fail(line, PROBE_ERROR_BAD_EVENT_NAME, 0, offset);
	return 0;
}

static bool is_return(const struct probe_def *def)
{
	return def->kind == PROBE_RETURN || def->kind == PROBE_FEXIT;
}

/* Without a name: p_SYMBOL_OFFSET, SYMBOL__entry, TRACEPOINT. */
static void make_name(struct probe_def *def)
{
	char *c = def->event;
	size_t size = sizeof(def->event);

	if (def->kind == PROBE_POINT)
		snprintf(c, size, "%s%s", isdigit(*def->symbol) ? "_" : "",
			 def->symbol);
	else if (def->kind >= PROBE_FENTRY)
		snprintf(c, size, "%s__%s", def->symbol,
			 is_return(def) ? "exit" : "entry");
	else if (def->symbol)
		snprintf(c, size, "%c_%s_%lu", is_return(def) ? 'r' : 'p',
			 def->symbol, def->offset);
	else
		snprintf(c, size, "%c_0x%lx", is_return(def) ? 'r' : 'p',
			 def->address);
	for (; *c; c++)
		if (!isalnum(*c) && *c != '_')
			*c = '_';
}

static const char *default_group(enum probe_kind kind)
{
	return kind == PROBE_POINT  ? "tracepoints" :
	       kind >= PROBE_FENTRY ? "fprobes" :
				      "kprobes";
}

/* @text: behind the colon of the first word, or NULL. */
static int set_name(struct probe_line *line, struct probe_def *def, char *text)
{
	char *group = NULL, *event = "";
	int err = 0;

	if (text)
		err = probe_parse_name(line, text,
				       (unsigned int)(text - line->word[0]),
				       &group, &event);
	if (err)
		return err;
	strscpy(def->group, group ?: default_group(def->kind), PROBE_NAME);
	if (*event)
		strscpy(def->event, event, PROBE_NAME);
	else
		make_name(def);
	return 0;
}

/* ---- the first word ------------------------------------------------------ */

/* The number behind the letter: @len bytes. */
static int set_maxactive(struct probe_line *line, struct probe_def *def,
			 const char *number, size_t len)
{
	char copy[PROBE_NAME];
	u64 n;

	if (def->kind == PROBE_ENTRY || def->kind == PROBE_POINT)
		return fail(line, PROBE_ERROR_BAD_MAXACT_TYPE, 0, 1);
	if (len >= sizeof(copy))
		return fail(line, PROBE_ERROR_BAD_MAXACT, 0, 1);
	memcpy(copy, number, len);
	copy[len] = '\0';
	if (!isdigit(*copy) || kstrtoull(copy, 0, &n) || !n || n > 0xffffffff)
		return fail(line, PROBE_ERROR_BAD_MAXACT, 0, 1);
	if (n > PROBE_MAXACTIVE)
		return fail(line, PROBE_ERROR_MAXACT_TOO_BIG, 0, 1);
	def->maxactive = (u32)n;
	return 0;
}

static enum probe_kind kind_of(char letter)
{
	switch (letter) {
	case 'r':
		return PROBE_RETURN;
	case 'f':
		return PROBE_FENTRY;
	case 't':
		return PROBE_POINT;
	default:
		return PROBE_ENTRY;
	}
}

/* The letter and its number. *@name: behind the colon, or NULL. */
static int parse_head(struct probe_line *line, struct probe_def *def,
		      char **name)
{
	char *word = line->word[0], *colon = strchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : strlen(word);

	def->kind = kind_of(*word);
	*name = colon ? colon + 1 : NULL;
	return len == 1 ? 0 : set_maxactive(line, def, word + 1, len - 1);
}

/* ---- the place ----------------------------------------------------------- */

static bool number_of(const char *text, unsigned long *number)
{
	return isdigit(*text) && !kstrtoul(text, 0, number);
}

/* SYMBOL+OFFSET: the offset is a number of C, up to 32 bits. */
static int split_offset(struct probe_def *def)
{
	char *sign = def->symbol + strcspn(def->symbol, "+-");

	if (!*sign)
		return 0;
	if (*sign == '-' || !number_of(sign + 1, &def->offset) ||
	    def->offset > 0xffffffff)
		return -EINVAL;
	*sign = '\0';
	return 0;
}

/* Sets ->address. */
static int find_symbol(struct probe_line *line, struct probe_def *def)
{
	unsigned int n = kallsyms_name_count(def->symbol);

	if (n != 1)
		return fail(line,
			    n ? PROBE_ERROR_NON_UNIQ_SYMBOL :
				PROBE_ERROR_BAD_PROBE_ADDR,
			    1, 0);
	def->address = kallsyms_lookup_name(def->symbol) + def->offset;
	return 0;
}

/* "%return" makes it a probe of the return. */
static int take_suffix(struct probe_line *line, struct probe_def *def)
{
	char *percent = strchr(def->symbol, '%');

	if (!percent)
		return 0;
	if (strcmp(percent, "%return"))
		return fail(line, PROBE_ERROR_BAD_ADDR_SUFFIX, 1,
			    (unsigned int)(percent - def->symbol));
	*percent = '\0';
	def->kind = def->kind == PROBE_FENTRY ? PROBE_FEXIT : PROBE_RETURN;
	return 0;
}

static int parse_symbol(struct probe_line *line, struct probe_def *def)
{
	int err = take_suffix(line, def);

	if (err)
		return err;
	if (split_offset(def) || (def->kind >= PROBE_FENTRY && def->offset))
		return fail(line, PROBE_ERROR_BAD_PROBE_ADDR, 1, 0);
	err = find_symbol(line, def);
	if (!err && def->kind == PROBE_RETURN && def->offset)
		err = fail(line, PROBE_ERROR_BAD_RETPROBE, 1, 0);
	return err;
}

static int parse_point(struct probe_line *line, const char *name)
{
	const char *percent = strchr(name, '%');
	unsigned int i;

	if (percent)
		return fail(line, PROBE_ERROR_BAD_ADDR_SUFFIX, 1,
			    (unsigned int)(percent - name));
	for (i = 0; isalnum(name[i]) || name[i] == '_'; i++)
		;
	return name[i] ? fail(line, PROBE_ERROR_BAD_TP_NAME, 1, i) : 0;
}

/* An fprobe with $retval is one of the return. */
static void look_for_retval(const struct probe_line *line,
			    struct probe_def *def)
{
	const char *found;
	unsigned int i;

	for (i = 2; i < line->n && def->kind == PROBE_FENTRY; i++) {
		found = strstr(line->word[i], "$retval");
		if (found && !isalnum(found[7]) && found[7] != '_')
			def->kind = PROBE_FEXIT;
	}
}

static int parse_place(struct probe_line *line, struct probe_def *def)
{
	const char *word = line->word[1];
	unsigned long offset;
	int err;

	if (def->kind < PROBE_FENTRY && number_of(word, &def->address)) {
		def->on_function =
			kallsyms_lookup(def->address, &offset, NULL) && !offset;
		def->function = def->on_function ? def->address : 0;
		return 0;
	}
	def->symbol = kmalloc(strlen(word) + 1);
	if (!def->symbol)
		return -ENOMEM;
	strscpy(def->symbol, word, strlen(word) + 1);
	if (def->kind == PROBE_POINT) {
		def->on_function = true;
		def->function = probe_point_function(word);
		def->hidden = 1;
		return parse_point(line, word);
	}
	err = parse_symbol(line, def);
	def->on_function = !def->offset;
	def->function = def->on_function ? def->address : 0;
	look_for_retval(line, def);
	if (!err && def->kind == PROBE_FENTRY && def->maxactive)
		err = fail(line, PROBE_ERROR_BAD_MAXACT_TYPE, 0, 1);
	return err;
}

void probe_def_place(const struct probe_def *def, char *buf, size_t size)
{
	if (!def->symbol)
		snprintf(buf, size, "0x%lx", def->address);
	else if (def->offset)
		snprintf(buf, size, "%s+%lu", def->symbol, def->offset);
	else
		snprintf(buf, size, "%s%s", def->symbol,
			 def->kind == PROBE_FEXIT ? "%return" : "");
}

/* ---- the whole ----------------------------------------------------------- */

static int parse(struct probe_line *line, struct probe_def *def)
{
	unsigned int i;
	char *name;
	int err;

	err = parse_head(line, def, &name);
	if (!err && name && def->kind == PROBE_FENTRY)
		err = probe_insert_place(line, name);
	if (!err)
		err = parse_place(line, def);
	if (!err)
		err = set_name(line, def, name);
	def->size = probe_args_offset(def->kind);
	if (err || line->n == 2)
		return err;
	def->arg = kcalloc(PROBE_ARGS, sizeof(def->arg[0]));
	if (!def->arg)
		return -ENOMEM;
	for (i = 2; i < line->n && !err; i++)
		err = probe_parse_word(line, def, i);
	return err;
}

/* Keep no more memory than the arguments need. */
static void shrink(struct probe_def *def)
{
	struct probe_arg *less;

	if (!def->n_args)
		return;
	less = krealloc(def->arg, def->n_args * sizeof(def->arg[0]));
	if (less)
		def->arg = less;
}

struct probe_def *probe_parse(struct probe_line *line, const char *kinds)
{
	struct probe_def *def;
	int err;

	if (line->n < 2 || !strchr(kinds, line->word[0][0]))
		return ERR_PTR(-ECANCELED);
	def = kzalloc(sizeof(*def));
	if (!def)
		return ERR_PTR(-ENOMEM);
	err = parse(line, def);
	if (!err) {
		shrink(def);
		return def;
	}
	probe_def_free(def); /* PE1 */
	return ERR_PTR(err);
}

void probe_def_free(struct probe_def *def)
{
	if (!def)
		return;
	kfree(def->symbol);
	kfree(def->arg);
	kfree(def);
}
