// SPDX-License-Identifier: MIT
#include "tests/kernel/trace_note.h"

#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"

struct note_entry {
	struct trace_entry ent;
	s32 change;
	u8 kind;
	char owner[5];
	u32 text; /* where it is, behind these */
};

static const struct trace_field note_fields[] = {
	TRACE_FIELD(note_entry, int, change),
	TRACE_FIELD(note_entry, unsigned char, kind),
	TRACE_FIELD_ARRAY(note_entry, char, owner, 5),
	TRACE_FIELD_STRING_AT(note_entry, text),
	TRACE_FIELDS_END,
};

static void put_note(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct note_entry *note = (const void *)iter->data;

	trace_seq_printf(s, "note: change=%d kind=%u owner=%s text=%s",
			 note->change, note->kind, note->owner,
			 (const char *)note + (note->text & 0xffff));
}

const struct trace_event tt_note = {
	.system = "testing",
	.name = "note",
	.size = sizeof(struct note_entry),
	.fields = note_fields,
	.print_fmt = "\"change=%d kind=%u owner=%s text=%s\", REC->change, "
		     "REC->kind, REC->owner, __get_str(text)",
	.put = put_note,
};

void tt_write_record(u16 type, const void *data, size_t len)
{
	struct ring_buffer *buffer = &trace_top()->buffer;
	struct trace_entry *ent =
		ring_buffer_lock_reserve(buffer, sizeof(*ent) + len, NULL);

	if (!EXPECT(ent != NULL))
		return;
	trace_fill(ent, type);
	memcpy(ent + 1, data, len);
	ring_buffer_unlock_commit(buffer);
}

void tt_write_note(const struct trace_event *event, const char *text)
{
	struct {
		struct note_entry fixed;
		char text[12];
	} note = { .fixed = { .change = -3, .kind = 200, .owner = "me" } };
	size_t size = strlen(text) + 1;

	note.fixed.text = size << 16 | offsetof(typeof(note), text);
	strscpy(note.text, text, sizeof(note.text));
	tt_write_record(event->id, &note.fixed.ent + 1,
			offsetof(typeof(note), text) + size -
				sizeof(struct trace_entry));
}
