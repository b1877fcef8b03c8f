// SPDX-License-Identifier: MIT
/*
 * hist_parse.c - make the description of a histogram of its text.
 *
 * Owns the texts of the errors. A text is read in spans and never written to.
 * See hist_parse.h for HG1 and HG2. Pure. Context: task.
 */
#include "trace/event/hist_parse.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "trace/event/trace_event.h"

struct span {
	const char *at;
	size_t len;
};

struct parser {
	const struct trace_event *event;
	const char *text;
	struct hist_spec *spec;
	struct hist_error *error;
	struct span keys, vals, sort; /* at is NULL: not given */
	const char *sort_word;	      /* where "sort=" begins */
};

const char *hist_error_text(enum hist_error_id id)
{
	static const char *const text[] = {
#define HIST_ERROR_TEXT(id_, text_) text_,
		HIST_ERRORS(HIST_ERROR_TEXT)
#undef HIST_ERROR_TEXT
	};

	return text[id];
}

static int refuse(struct parser *p, enum hist_error_id id, const char *at)
{
	*p->error = (struct hist_error){ .id = id, .at = at - p->text };
	return -EINVAL;
}

/* ---- spans --------------------------------------------------------------- */

static bool is(struct span s, const char *word)
{
	return strlen(word) == s.len && !strncmp(s.at, word, s.len);
}

/* Cut the part up to @end off @s; what is behind it stays. false: no @end. */
static bool cut(struct span *s, char end, struct span *part)
{
	const char *found = memchr(s->at, end, s->len);

	*part = *s;
	if (!found) {
		s->at += s->len;
		s->len = 0;
		return false;
	}
	part->len = found - s->at;
	s->len -= part->len + 1;
	s->at = found + 1;
	return true;
}

/*
 * A whole number in any base that C knows. kstrtoull() takes a newline at the
 * end, which does not belong to a span.
 */
static bool number(struct span s, u64 *n)
{
	char text[24];

	if (s.len >= sizeof(text))
		return false;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	return !strchr(text, '\n') && !kstrtoull(text, 0, n);
}

/* ---- fields -------------------------------------------------------------- */

/* The loads stand by rising size, unsigned before signed. */
static u8 number_load(const struct trace_field *from)
{
	return HIST_U8 + 2 * __builtin_ctz(from->size) + from->is_signed;
}

static_assert(HIST_S8 == 1 && HIST_U32 == 4 && HIST_S64 == 7, "number_load()");

/*
 * Where the field is in a record. A field of another kind, a stack or an array,
 * has no value to count by: -EINVAL.
 */
static int set_record_field(struct parser *p, struct span name,
			    const struct trace_field *from,
			    struct hist_field *field)
{
	field->offset = from->offset;
	field->size = from->size;
	switch (from->kind) {
	case TRACE_FIELD_NUMBER:
		field->load = number_load(from);
		return 0;
	case TRACE_FIELD_STRING:
		field->load = from->size ? HIST_CHARS : HIST_REST;
		return 0;
	case TRACE_FIELD_DATA_LOC:
		field->load = HIST_DATA_LOC;
		return 0;
	default:
		return refuse(p, HIST_ERROR_NO_NUMBER, name.at);
	}
}

static const struct trace_field *find_in(const struct trace_field *list,
					 struct span name)
{
	while (list->type && !is(name, list->name))
		list++;
	return list->type ? list : NULL;
}

/*
 * The event's own fields win over the common ones, whose names have a prefix
 * that trace_common_fields leaves out. Return: NULL if there is none.
 */
static const struct trace_field *find_field(const struct parser *p,
					    struct span name)
{
	const struct trace_field *found = find_in(p->event->fields, name);
	size_t prefix = strlen("common_");

	if (found || name.len <= prefix || strncmp(name.at, "common_", prefix))
		return found;
	name.at += prefix;
	name.len -= prefix;
	return find_in(trace_common_fields, name);
}

/* Fields of no record, with Linux's old spellings. */
static bool find_generic(struct parser *p, struct span name,
			 struct hist_field *field)
{
	static const struct {
		const char *word, *name;
		u8 load;
	} generic[] = {
		{ "common_cpu", "common_cpu", HIST_CPU },
		{ "cpu", "common_cpu", HIST_CPU },
		{ "CPU", "common_cpu", HIST_CPU },
		{ "common_timestamp", "common_timestamp", HIST_TIME },
		{ "common_stacktrace", "common_stacktrace", HIST_STACK },
		{ "stacktrace", "common_stacktrace", HIST_STACK },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(generic); i++) {
		if (!is(name, generic[i].word))
			continue;
		strscpy(field->name, generic[i].name, sizeof(field->name));
		field->load = generic[i].load;
		p->spec->has_time |= field->load == HIST_TIME;
		return true;
	}
	return false;
}

static int parse_name(struct parser *p, struct span name,
		      struct hist_field *field)
{
	const struct trace_field *from = find_field(p, name);

	if (name.len && *name.at == '$')
		return refuse(p, HIST_ERROR_VAR_NOT_FOUND, name.at + 1);
	if (!from && find_generic(p, name, field))
		return 0;
	if (!from || name.len >= sizeof(field->name))
		return refuse(p, HIST_ERROR_FIELD_NOT_FOUND, name.at);
	memcpy(field->name, name.at, name.len);
	return set_record_field(p, name, from, field);
}

/* ".buckets=N", also ".bucket=N" */
static bool parse_buckets(struct span word, struct hist_field *field)
{
	struct span name;

	if (!cut(&word, '=', &name) ||
	    (!is(name, "buckets") && !is(name, "bucket")) ||
	    !number(word, &field->bucket) || !field->bucket)
		return false;
	field->form = HIST_BUCKETS;
	return true;
}

/* Return: whether there is such a modifier. */
static bool find_form(struct span word, struct hist_field *field)
{
	static const char *const forms[] = {
		[HIST_HEX] = "hex",
		[HIST_SYM] = "sym",
		[HIST_SYM_OFFSET] = "sym-offset",
		[HIST_EXECNAME] = "execname",
		[HIST_LOG2] = "log2",
		[HIST_USECS] = "usecs",
	};
	u8 form;

	for (form = 0; form < ARRAY_SIZE(forms); form++) {
		if (!forms[form] || !is(word, forms[form]))
			continue;
		field->form = form;
		return true;
	}
	return parse_buckets(word, field);
}

/* Does the modifier fit the field? */
static bool form_fits(const struct hist_field *field)
{
	switch (field->form) {
	case HIST_PLAIN:
		return true;
	case HIST_EXECNAME:
		return !strcmp(field->name, "common_pid");
	case HIST_USECS:
		return field->load == HIST_TIME;
	default:
		return field->load <= HIST_TIME;
	}
}

static int parse_field(struct parser *p, struct span text,
		       struct hist_field *field)
{
	struct span name;
	bool modified = cut(&text, '.', &name);
	int err = parse_name(p, name, field);

	if (err || !modified)
		return err;
	if (!find_form(text, field) || !form_fits(field))
		return refuse(p, HIST_ERROR_BAD_FIELD_MODIFIER, text.at);
	return 0;
}

/* ---- keys and values ----------------------------------------------------- */

static u32 bytes_of(const struct hist_field *field)
{
	switch (field->load) {
	case HIST_CHARS:
		return field->size;
	case HIST_REST:
	case HIST_DATA_LOC:
		return HIST_TEXT_MAX;
	case HIST_STACK:
		return HIST_STACK_MAX * sizeof(u64);
	default:
		return sizeof(u64);
	}
}

/*
 * Keys stand one behind the other in an entry, each in whole words: key->word
 * is the first of its words.
 */
static int parse_key(struct parser *p, struct span text)
{
	struct hist_spec *spec = p->spec;
	struct hist_field *key = &spec->key[spec->nr_keys];
	int err;

	if (spec->nr_keys == HIST_KEYS_MAX)
		return refuse(p, HIST_ERROR_TOO_MANY_KEYS, text.at);
	err = parse_field(p, text, key);
	if (err)
		return err;
	key->word = spec->key_words;
	key->words = DIV_ROUND_UP(bytes_of(key), sizeof(u64));
	spec->key_words += key->words;
	if (spec->key_words * sizeof(u64) > HIST_KEY_MAX)
		return refuse(p, HIST_ERROR_KEY_TOO_LONG, text.at);
	spec->has_execname |= key->form == HIST_EXECNAME;
	spec->nr_keys++;
	return 0;
}

/* Sums are of numbers, and are shown as one. */
static bool form_sums(u8 form)
{
	return form == HIST_PLAIN || form == HIST_HEX ||
	       form == HIST_EXECNAME || form == HIST_USECS;
}

static int parse_val(struct parser *p, struct span text)
{
	struct hist_spec *spec = p->spec;
	struct hist_field *val = &spec->val[spec->nr_vals];
	struct span name;
	int err;

	if (is(text, "hitcount"))
		return 0;
	if (spec->nr_vals == HIST_VALS_MAX)
		return refuse(p, HIST_ERROR_TOO_MANY_VALS, text.at);
	err = parse_field(p, text, val);
	if (err)
		return err;
	if (val->load > HIST_TIME)
		return refuse(p, HIST_ERROR_NO_NUMBER, text.at);
	cut(&text, '.', &name);
	if (!form_sums(val->form))
		return refuse(p, HIST_ERROR_BAD_FIELD_MODIFIER, text.at);
	spec->nr_vals++;
	return 0;
}

static int parse_list(struct parser *p, struct span list,
		      int (*parse)(struct parser *p, struct span text))
{
	struct span part;
	bool more;
	int err;

	do {
		more = cut(&list, ',', &part);
		err = parse(p, part);
	} while (!err && more);
	return err;
}

/* ---- sort ---------------------------------------------------------------- */

/* What to sort by: 0 is hitcount, then the values, then the keys. */
static int find_sorted(struct parser *p, struct span name,
		       struct hist_sort *sort)
{
	const struct hist_spec *spec = p->spec;
	u32 i;

	if (is(name, "hitcount"))
		return 0;
	for (i = 1; i <= spec->nr_vals + spec->nr_keys; i++) {
		if (!is(name, hist_sorted(spec, i)->name))
			continue;
		sort->field = i;
		return 0;
	}
	return refuse(p, HIST_ERROR_INVALID_SORT_FIELD, name.at);
}

static int parse_sort(struct parser *p, struct span text)
{
	struct hist_spec *spec = p->spec;
	struct hist_sort *sort = &spec->sort[spec->nr_sorts];
	struct span name;
	bool modified = cut(&text, '.', &name);
	int err;

	if (spec->nr_sorts == HIST_SORTS_MAX)
		return refuse(p, HIST_ERROR_TOO_MANY_SORT_FIELDS, p->sort_word);
	if (!name.len)
		return refuse(p, HIST_ERROR_EMPTY_SORT_FIELD, p->sort_word);
	err = find_sorted(p, name, sort);
	if (err)
		return err;
	sort->descending = modified && is(text, "descending");
	if (modified && !sort->descending && !is(text, "ascending"))
		return refuse(p, HIST_ERROR_INVALID_SORT_MODIFIER, text.at);
	spec->nr_sorts++;
	return 0;
}

/* ---- words --------------------------------------------------------------- */

static int parse_size(struct parser *p, struct span value)
{
	u64 n;

	p->spec->size = HIST_SIZE_MIN;
	if (!number(value, &n) || n <= HIST_SIZE_MIN / 2 || n > HIST_SIZE_MAX)
		return refuse(p, HIST_ERROR_BAD_SIZE, value.at);
	while (p->spec->size < n)
		p->spec->size *= 2;
	return 0;
}

/* Take a value as it is. @id: the error if it is too long. */
static int take_text(struct parser *p, struct span value,
		     struct hist_text *text, enum hist_error_id id)
{
	*text = (struct hist_text){ .at = value.at - p->text };
	if (value.len >= sizeof(text->is))
		return refuse(p, id, value.at);
	memcpy(text->is, value.at, value.len);
	return 0;
}

/*
 * keys, vals and sort are only kept here: a value may refer to a key that
 * stands behind it.
 */
static int parse_assignment(struct parser *p, struct span name,
			    struct span value)
{
	if (!value.len)
		return refuse(p, HIST_ERROR_EMPTY_ASSIGNMENT, name.at);
	if (is(name, "keys") || is(name, "key")) {
		p->keys = value;
	} else if (is(name, "vals") || is(name, "val") || is(name, "values")) {
		p->vals = value;
	} else if (is(name, "sort")) {
		p->sort = value;
		p->sort_word = name.at;
	} else if (is(name, "size")) {
		return parse_size(p, value);
	} else if (is(name, "clock")) {
		return take_text(p, value, &p->spec->clock,
				 HIST_ERROR_SET_CLOCK_FAIL);
	} else if (is(name, "name")) {
		p->spec->name_at = name.at - p->text;
		return take_text(p, value, &p->spec->name,
				 HIST_ERROR_LONG_NAME);
	} else {
		return refuse(p, HIST_ERROR_NO_VARIABLES, name.at);
	}
	return 0;
}

static int parse_word(struct parser *p, struct span word)
{
	struct span name;

	if (memchr(word.at, '=', word.len)) {
		cut(&word, '=', &name);
		return parse_assignment(p, name, word);
	}
	if (is(word, "pause"))
		p->spec->pause = true;
	else if (is(word, "cont") || is(word, "continue"))
		p->spec->cont = true;
	else if (is(word, "clear"))
		p->spec->clear = true;
	else if (is(word, "nohitcount") || is(word, "NOHC"))
		p->spec->nohitcount = true;
	else
		return refuse(p, HIST_ERROR_UNKNOWN, word.at);
	return 0;
}

static int parse_words(struct parser *p)
{
	struct span rest = { p->text, strlen(p->text) }, word;
	bool more;
	int err;

	do {
		more = cut(&rest, ':', &word);
		err = parse_word(p, word);
	} while (!err && more);
	return err;
}

int hist_parse(const struct trace_event *event, const char *text,
	       struct hist_spec *spec, struct hist_error *error)
{
	struct parser p = {
		.event = event, .text = text, .spec = spec, .error = error
	};
	int err;

	*spec = (struct hist_spec){ .size = HIST_SIZE_DEFAULT,
				    .clock.is = "global" };
	*error = (struct hist_error){ .id = HIST_ERROR_NONE };
	err = parse_words(&p);
	if (!err && !p.keys.at)
		err = refuse(&p, HIST_ERROR_NO_KEYS, text);
	if (!err && p.vals.at)
		err = parse_list(&p, p.vals, parse_val);
	if (!err && spec->nohitcount && !spec->nr_vals) {
		refuse(&p, HIST_ERROR_NEED_NOHC_VAL, text);
		err = -ENOENT;
	}
	if (!err)
		err = parse_list(&p, p.keys, parse_key);
	if (!err && p.sort.at)
		err = parse_list(&p, p.sort, parse_sort);
	if (!spec->nr_sorts) /* by hitcount */
		spec->nr_sorts = 1;
	return err;
}
