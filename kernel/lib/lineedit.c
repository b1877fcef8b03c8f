// SPDX-License-Identifier: MIT
/*
 * lineedit.c - edit one line of text over a serial line (see lineedit.h).
 *
 * The editor draws with printable characters and backspaces only. To change the
 * middle of a line, it prints the tail again and moves the cursor back.
 */
#include "kernel/lib/lineedit.h"

#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

#define CTRL(c) ((c)&0x1f)
#define KEY_DEL 0x7f

static void put(struct line_editor *e, const char *text, size_t len)
{
	if (len)
		e->out(e->ctx, text, len);
}

static void put_repeated(struct line_editor *e, char c, unsigned int n)
{
	while (n--)
		put(e, &c, 1);
}

static void bell(struct line_editor *e)
{
	put(e, "\a", 1);
}

/* Print the line from the cursor on, blank @gone cells, move back. LE2 */
static void redraw_tail(struct line_editor *e, unsigned int gone)
{
	put(e, e->line + e->pos, e->len - e->pos);
	put_repeated(e, ' ', gone);
	put_repeated(e, '\b', e->len - e->pos + gone);
}

/*
 * Forward by printing again what stands there: an escape sequence would not be
 * readable in a log (LE3).
 */
static void move_to(struct line_editor *e, unsigned int pos)
{
	if (pos < e->pos)
		put_repeated(e, '\b', e->pos - pos);
	else
		put(e, e->line + e->pos, pos - e->pos);
	e->pos = pos;
}

/* All of the text or, with a bell, nothing of it. */
static void insert(struct line_editor *e, const char *text, unsigned int n)
{
	if (e->len + n >= LINE_ROOM) { /* LE1 */
		bell(e);
		return;
	}
	memmove(e->line + e->pos + n, e->line + e->pos, e->len - e->pos + 1);
	memcpy(e->line + e->pos, text, n);
	e->len += n;
	put(e, text, n);
	e->pos += n;
	redraw_tail(e, 0);
}

/* Remove @n characters before the cursor. */
static void erase(struct line_editor *e, unsigned int n)
{
	memmove(e->line + e->pos - n, e->line + e->pos, e->len - e->pos + 1);
	move_to(e, e->pos - n);
	e->len -= n;
	redraw_tail(e, n);
}

static void erase_forward(struct line_editor *e, unsigned int n)
{
	move_to(e, e->pos + n);
	erase(e, n);
}

static void replace_line(struct line_editor *e, const char *text)
{
	move_to(e, e->len);
	erase(e, e->len);
	insert(e, text, strlen(text));
}

/* Return: the start of the word to complete. */
static unsigned int word_start(const struct line_editor *e)
{
	unsigned int at = e->pos;

	while (at && !strchr(e->separators, e->line[at - 1]))
		at--;
	return at;
}

static void erase_word(struct line_editor *e)
{
	unsigned int at = e->pos;

	while (at && e->line[at - 1] == ' ')
		at--;
	while (at && e->line[at - 1] != ' ')
		at--;
	erase(e, e->pos - at);
}

static unsigned int hist_depth(const struct line_editor *e)
{
	return e->hist_count < LINE_HISTORY ? e->hist_count : LINE_HISTORY;
}

/* 1 is the last line. The lines are a ring: the oldest is overwritten. */
static char *hist_line(struct line_editor *e, unsigned int back)
{
	return e->history[(e->hist_count - back) % LINE_HISTORY];
}

static void remember(struct line_editor *e)
{
	if (!e->len)
		return;
	if (e->hist_count && !strcmp(hist_line(e, 1), e->line))
		return;
	memcpy(e->history[e->hist_count % LINE_HISTORY], e->line, e->len + 1);
	e->hist_count++;
}

/* Show a line of the history; 0 is the line that was being typed. */
static void browse(struct line_editor *e, unsigned int back)
{
	if (back > hist_depth(e)) {
		bell(e);
		return;
	}
	if (!e->hist_pos)
		memcpy(e->draft, e->line, e->len + 1);
	e->hist_pos = back;
	replace_line(e, back ? hist_line(e, back) : e->draft);
}

/* Return: the length of the common prefix of @a and @b, at most @n. */
static unsigned int common(const char *a, const char *b, unsigned int n)
{
	unsigned int i = 0;

	while (i < n && a[i] && a[i] == b[i])
		i++;
	return i;
}

static void draw_all(struct line_editor *e)
{
	char text[LINE_PROMPT_ROOM];
	const char *prompt = line_prompt(e, text);

	put(e, prompt, strlen(prompt));
	put(e, e->line, e->len);
	put_repeated(e, '\b', e->len - e->pos);
}

/* The next candidate, from number *@i on, that begins as the word does. */
static const char *next_fit(struct line_editor *e, unsigned int start,
			    unsigned int *i)
{
	unsigned int n = e->pos - start;
	const char *c;

	while ((c = e->candidate(e->ctx, e->line, start, (*i)++)))
		if (common(c, e->line + start, n) == n)
			return c;
	return NULL;
}

/* Where a candidate's last part begins: a list shows no directories. */
static const char *last_part(const char *c)
{
	const char *at, *part = c;

	for (at = c; *at; at++)
		if (*at == '/' && at[1])
			part = at + 1;
	return part;
}

#define LIST_WIDTH 78
#define LIST_MAX   200

/* Twice through the candidates: once for the widest name, once to print. */
static void list_candidates(struct line_editor *e, unsigned int start)
{
	unsigned int i = 0, shown = 0, width = 1, column;
	const char *c;

	while ((c = next_fit(e, start, &i)))
		width = max(width, (unsigned int)strlen(last_part(c)) + 2);
	column = max(LIST_WIDTH / width, 1U);
	put(e, "\r\n", 2);
	for (i = 0; (c = next_fit(e, start, &i)) && shown < LIST_MAX; shown++) {
		if (shown && shown % column == 0)
			put(e, "\r\n", 2);
		else if (shown)
			put_repeated(e, ' ', width - e->listed);
		e->listed = strlen(last_part(c));
		put(e, last_part(c), e->listed);
	}
	put(e, c ? "\r\n...\r\n" : "\r\n", c ? 7 : 2);
	draw_all(e);
}

/* Tab: append the common prefix of all matches; a second Tab lists them. */
static void complete(struct line_editor *e)
{
	unsigned int i, share = 0, fits = 0, start = word_start(e);
	unsigned int n = e->pos - start;
	char best[LINE_WORD];
	const char *c;

	for (i = 0; (c = next_fit(e, start, &i));) {
		if (fits++) {
			share = common(best, c, share);
			continue;
		}
		share = strnlen(c, LINE_WORD);
		memcpy(best, c, share);
	}
	if (fits && share > n) {
		insert(e, best + n, share - n);
		if (fits == 1 && share < LINE_WORD && best[share - 1] != '/')
			insert(e, " ", 1);
	} else if (fits > 1 && e->tabbed) {
		list_candidates(e, start);
	} else {
		bell(e);
	}
	e->tabbed = fits > 1;
}

/* ---- ^R: search the history ---- */

const char *line_prompt(const struct line_editor *e, char buf[LINE_PROMPT_ROOM])
{
	if (!e->searching)
		return e->prompt;
	snprintf(buf, LINE_PROMPT_ROOM, "(reverse-i-search)`%s': ", e->sought);
	return buf;
}

/* What the terminal shows: characters, and those before the cursor. */
struct shown {
	unsigned int all, before;
};

static struct shown look(const struct line_editor *e)
{
	char text[LINE_PROMPT_ROOM];
	unsigned int n = strlen(line_prompt(e, text));

	return (struct shown){ n + e->len, n + e->pos };
}

/* Draw prompt and line over what was shown. */
static void draw_over(struct line_editor *e, struct shown old)
{
	struct shown now = look(e);

	put_repeated(e, '\b', old.before);
	draw_all(e);
	if (old.all > now.all) {
		put(e, e->line + e->pos, e->len - e->pos);
		put_repeated(e, ' ', old.all - now.all);
		put_repeated(e, '\b', old.all - now.before);
	}
}

static void set_line(struct line_editor *e, const char *text)
{
	e->len = e->pos = strlen(text);
	memmove(e->line, text, e->len + 1);
}

/* Show the newest line from number @back on that has the sought text. */
static void search_from(struct line_editor *e, unsigned int back)
{
	for (; back <= hist_depth(e); back++) {
		if (!strstr(hist_line(e, back), e->sought))
			continue;
		e->found = back;
		set_line(e, hist_line(e, back));
		return;
	}
	bell(e);
}

static void search_begin(struct line_editor *e)
{
	struct shown old = look(e);

	memcpy(e->draft, e->line, e->len + 1);
	e->searching = true;
	e->sought[0] = '\0';
	e->found = 0;
	draw_over(e, old);
}

/* Leave the search with the line it shows, or with the one typed before. */
static void search_end(struct line_editor *e, bool keep)
{
	struct shown old = look(e);

	e->searching = false;
	e->hist_pos = 0;
	if (!keep)
		set_line(e, e->draft);
	draw_over(e, old);
}

/* Handle a byte while searching. Return: was it one of the search? */
static bool search_key(struct line_editor *e, u8 byte)
{
	struct shown old = look(e);
	size_t n = strlen(e->sought);

	if (byte == CTRL('G')) {
		search_end(e, false);
		return true;
	}
	if (byte != CTRL('R') && byte != CTRL('H') && byte != KEY_DEL &&
	    (byte < ' ' || byte > '~' || n + 1 >= LINE_SOUGHT)) {
		search_end(e, byte != CTRL('C'));
		return false;
	}
	if (byte == CTRL('R')) {
		search_from(e, e->found + 1);
	} else if (byte == CTRL('H') || byte == KEY_DEL) {
		e->sought[n ? n - 1 : 0] = '\0';
		search_from(e, 1);
	} else {
		e->sought[n] = byte;
		e->sought[n + 1] = '\0';
		search_from(e, max(e->found, 1U));
	}
	draw_over(e, old);
	return true;
}

/* Handle a key that sent a control sequence ending in @byte. */
static void sequence_key(struct line_editor *e, u8 byte)
{
	unsigned int param = e->seq.param;

	if (byte == '~' && param == KEY_PASTE_BEGIN)
		e->pasting = true;
	else if (byte == '~' && param == KEY_PASTE_END)
		e->pasting = false;
	else if (e->pasting)
		return;
	else if (byte == 'A')
		browse(e, e->hist_pos + 1);
	else if (byte == 'B' && e->hist_pos)
		browse(e, e->hist_pos - 1);
	else if (byte == 'C' && e->pos < e->len)
		move_to(e, e->pos + 1);
	else if (byte == 'D' && e->pos)
		move_to(e, e->pos - 1);
	else if (byte == 'H' || (byte == '~' && param == 1))
		move_to(e, 0);
	else if (byte == 'F' || (byte == '~' && param == 4))
		move_to(e, e->len);
	else if (byte == '~' && param == 3 && e->pos < e->len)
		erase_forward(e, 1);
}

/* Handle a key that moves the cursor or browses. Return: was it one? */
static bool move_key(struct line_editor *e, u8 byte)
{
	switch (byte) {
	case CTRL('A'):
		move_to(e, 0);
		break;
	case CTRL('B'):
		move_to(e, e->pos ? e->pos - 1 : 0);
		break;
	case CTRL('E'):
		move_to(e, e->len);
		break;
	case CTRL('F'):
		move_to(e, e->pos < e->len ? e->pos + 1 : e->len);
		break;
	case CTRL('N'):
		if (e->hist_pos)
			browse(e, e->hist_pos - 1);
		break;
	case CTRL('P'):
		browse(e, e->hist_pos + 1);
		break;
	case CTRL('L'):
		put(e, LINE_CLEAR, sizeof(LINE_CLEAR) - 1);
		draw_all(e);
		break;
	case CTRL('R'):
		search_begin(e);
		break;
	default:
		return false;
	}
	return true;
}

/*
 * ^D, ^K, ^U, ^W and Backspace remove; what can be printed is inserted; any
 * other byte is ignored.
 */
static void edit_key(struct line_editor *e, u8 byte)
{
	switch (byte) {
	case CTRL('D'):
		if (e->pos < e->len)
			erase_forward(e, 1);
		break;
	case CTRL('K'):
		erase_forward(e, e->len - e->pos);
		break;
	case CTRL('U'):
		erase(e, e->pos);
		break;
	case CTRL('W'):
		erase_word(e);
		break;
	case CTRL('H'):
	case KEY_DEL:
		if (e->pos)
			erase(e, 1);
		break;
	default:
		if (byte >= ' ' && byte < KEY_DEL)
			insert(e, (const char *)&byte, 1);
	}
}

void line_begin(struct line_editor *e)
{
	e->len = e->pos = 0;
	e->line[0] = '\0';
	e->hist_pos = 0;
	e->tabbed = e->searching = false;
	put(e, e->prompt, strlen(e->prompt));
}

void line_drop_paste(struct line_editor *e)
{
	e->pasting = false;
}

enum line_event line_feed(struct line_editor *e, u8 byte)
{
	bool after_cr = e->after_cr;
	enum key_part part;

	e->after_cr = byte == '\r';
	if (byte == '\n' && after_cr)
		return LINE_MORE;
	part = key_seq_feed(&e->seq, byte);
	if (e->searching && part == KEY_NONE && search_key(e, byte))
		return LINE_MORE;
	if (e->searching && part == KEY_FINAL)
		search_end(e, true);
	if (part == KEY_FINAL)
		sequence_key(e, byte);
	if (part != KEY_NONE)
		return LINE_MORE;
	if (e->pasting && byte == '\t')
		byte = ' '; /* a pasted Tab is text */
	if (byte == '\t' && e->candidate) {
		complete(e);
		return LINE_MORE;
	}
	e->tabbed = false;
	switch (byte) {
	case '\r':
	case '\n':
		put(e, "\r\n", 2);
		remember(e);
		return LINE_DONE;
	case CTRL('C'):
		put(e, "^C\r\n", 4);
		line_drop_paste(e);
		return LINE_CANCEL;
	}
	if (e->pasting && byte < ' ')
		return LINE_MORE;
	if (!move_key(e, byte))
		edit_key(e, byte);
	return LINE_MORE;
}
