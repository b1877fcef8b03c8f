# SPDX-License-Identifier: MIT
"""What test_trace_mutants.py takes away from the ring buffer: for each model
check in tests/unit/ a list of (what, file, text, replacement)."""


def steps(*names):
    """Neighbours in a list of ring_steps.h."""
    return " \\ ".join(f"STEP({one})" for one in names)


def order(*names):
    return steps(*names).replace("\\", "")


RING = [
    ("nothing", "ring_buffer.c", "", ""),
    ("exact delta: the tail is read after the clock", "ring_buffer.c",
     "	u64 tail = local_read(&rb->data.tail);\n"
     "	u64 now = rb_time(rb);",
     "	u64 now = rb_time(rb);\n"
     "	u64 tail = local_read(&rb->data.tail);"),
    ("pages end where they were closed", "ring_buffer.c",
     "	while (old < val && !local_try_cmpxchg(p, &old, val))",
     "	while (old != val && !local_try_cmpxchg(p, &old, val))"),
    ("the check that number and tail belong together", "ring_buffer.c",
     "	if (local_read(&rb->data.tail) != tail)\n"
     "		return 0; /* seq may be of another page than tail */\n", ""),
    ("closing before leaving a page", "ring_buffer.c",
     "		if (!local_try_cmpxchg(&rb->data.tail, &tail,\n"
     "				       tail | RB_TAIL_CLOSED))\n"
     "			return 0;\n		tail |= RB_TAIL_CLOSED;\n",
     ""),
    ("helping: tail_seq advanced by the one interrupted", "ring_buffer.c",
     "	if (local_read(&info->end) >> RB_TAIL_BITS == seq) {",
     "	if (1) {"),
    ("tail_page set only while the tail is closed", "ring_buffer.c",
     "	if (local_read(&rb->data.tail) != tail)\n		return 0;\n"
     "	if (tail_page", "	if (tail_page"),
    ("tail_page set by compare-and-exchange", "ring_buffer.c",
     "		local_try_cmpxchg((u64 *)&rb->data.tail_page, &tail_page,\n"
     "				  (u64)page);",
     "		local_set((u64 *)&rb->data.tail_page, (u64)page);"),
    ("a new page begins later than the old one ended", "ring_buffer.c",
     "	if (delta <= 0)\n		now += 1 - delta; /* RB1 */\n", ""),
    ("time does not go back", "ring_buffer.c",
     "	if (delta < 0) {", "	if (0) {"),
    ("deltas of more than 27 bits", "ring_buffer.c",
     "	if (delta > (s64)RB_DELTA_MAX)\n", "	if (0)\n"),
    ("uncommitted pages are not overwritten", "ring_buffer.c",
     "		if (next - rb->data.commit_seq >= rb->data.nr_slots) {",
     "		if (0) {"),
    ("no-overwrite mode", "ring_buffer.c",
     "		if (RB_SLOT_SEQ(old) && !rb->overwrite)\n"
     "			return false;\n", ""),
    ("overwritten events are counted", "ring_buffer.c",
     "		local_add(&rb->data.overrun, info->entries);\n", ""),
    ("the reader waits for the writer to leave its page",
     "ring_buffer_read.c",
     "			if (rb->data.reader_seq == commit_seq)\n"
     "				return 0; /* RB6 */\n", ""),
    ("the reader takes a page by compare-and-exchange",
     "ring_buffer_read.c",
     "	} while (!try_cmpxchg(rb_slot(rb, rb->data.next_seq), &slot,\n"
     "			      RB_SLOT(0, rb->data.reader_index))); /* RB4 */",
     "	} while (0);\n	host_step();\n	*rb_slot(rb, rb->data.next_seq) = "
     "RB_SLOT(0, rb->data.reader_index);"),
    ("a walk looks again after copying", "ring_buffer_read.c",
     "	if (!mine && READ_ONCE(*slot_word) != slot)\n"
     "		return false;\n"
     "	/* What", "	/* What"),
    ("the size is read after the page is known to be complete",
     "ring_buffer_read.c",
     "	if (complete) /* the count is final, so the size must be, too */\n"
     "		size = rb_bytes(rb, info->page, rb->data.reader_seq);\n", ""),
    ("recursion is refused", "ring_buffer.c",
     "	if (RB_STATE_CTX(state) & ctx) {", "	if (0) {"),
    ("the number of the commit page is read again", "ring_buffer_internal.h",
     "while (READ_ONCE(rb->data.commit_seq) != commit_seq);", "while (0);"),
    ("fast path: a ring that is held is not written", "ring_steps.h",
     "DO(or32, word, slow)", ""),
]

# Noticed at one chosen step, which random schedules seldom meet.
EDGES = [
    ("nothing", "ring_buffer.c", "", ""),
    # The steps of the fast path: each is taken, and in this order.
    ("clock", "ring_steps.h", steps("clock"), ""),
    ("place before delta", "ring_steps.h",
     steps("place", "delta"), order("delta", "place")),
    ("gate", "ring_steps.h", steps("gate"), ""),
    ("begin", "ring_steps.h", steps("begin"), ""),
    ("enter", "ring_steps.h", steps("enter"), ""),
    ("place", "ring_steps.h", steps("place"), "event = 0;"),
    ("delta", "ring_steps.h", steps("delta"), "delta = 0;"),
    ("header", "ring_steps.h", steps("header"),
     "event += (u64)rb->data.page;"),
    ("count", "ring_steps.h", steps("count"), ""),
    ("publish", "ring_steps.h", steps("publish"), ""),
    ("begin after gate", "ring_steps.h",
     steps("gate", "clock", "begin"), order("clock", "begin", "gate")),
    ("enter after begin", "ring_steps.h",
     steps("begin", "enter"), order("enter", "begin")),
    ("place after enter", "ring_steps.h",
     steps("enter", "place"), order("place", "enter")),
    ("publish after count", "ring_steps.h",
     steps("count", "publish"), order("publish", "count")),
    # Their operations.
    ("gate: nobody is inside", "ring_steps.h", "DO(load32, word, data.state)",
     "DO(load32, word, data.state) word &= ~0x1f7f0000ULL;"),
    ("gate: nothing is pending", "ring_steps.h",
     "DO(load32, word, data.state)",
     "DO(load32, word, data.state) word &= ~(u64)RB_STATE_PENDING;"),
    ("gate: it refuses", "ring_steps.h",
     "DO(above, word, RB_STATE_BYTES, refused)", ""),
    ("place: there is room", "ring_steps.h",
     "DO(above, event, RB_DATA_SIZE - size, undo)", ""),
    ("place: room for all of it", "ring_steps.h",
     "DO(above, event, RB_DATA_SIZE - size, undo)",
     "DO(above, event, RB_DATA_SIZE - size + 4, undo)"),
    ("place: no more room than that", "ring_steps.h",
     "DO(above, event, RB_DATA_SIZE - size, undo)",
     "DO(above, event, RB_DATA_SIZE - size - 4, undo)"),
    ("delta: the time in the ring is its own", "ring_steps.h",
     "DO(differ, now, data.begun, undo)", ""),
    ("delta: since the last event", "ring_steps.h",
     "DO(sub, delta, data.last)", ""),
    ("delta: it is not too long", "ring_steps.h",
     "DO(above, delta, RB_DELTA_MAX, undo)",
     "if ((s64)delta < 0) goto undo;"),
    ("delta: it is not negative", "ring_steps.h",
     "DO(above, delta, RB_DELTA_MAX, undo)",
     "if ((s64)delta > (s64)RB_DELTA_MAX) goto undo;"),
    ("delta: the next one counts from here", "ring_steps.h",
     "DO(store, data.last, now)", ""),
    ("header: the type has the lower bits", "ring_steps.h",
     "DO(shift_left, delta, RB_TYPE_BITS)", ""),
    ("header: the length of the payload", "ring_steps.h",
     "payload / 4", "payload / 8"),
    ("header: where readers look", "ring_steps.h",
     "DO(put32, event, RB_HEADER_SIZE, delta)", "DO(put32, event, 0, delta)"),
    ("publish: a second look", "ring_steps.h",
     "DO(add32_sign, data.state, size - RB_STATE_INSIDE(size, 0), rest)",
     "DO(add32, data.state, size - RB_STATE_INSIDE(size, 0))"),
    # And their forms in C.
    ("C: the visible bytes alone", "ring_fast.h",
     "(const u16 *)&rb->m", "(const u32 *)&rb->m"),
    ("C: all bits of a word", "ring_fast.h",
     "RING_C_load32(r, m) r = local_read(&rb->m)",
     "RING_C_load32(r, m) r = (u8)local_read(&rb->m)"),
    ("C: either of two words", "ring_fast.h",
     "r |= local_fold", "r &= local_fold"),
    ("C: a difference", "ring_fast.h", "r -= local_fold", "r += local_fold"),
    ("C: no sign", "ring_fast.h",
     "if (unlikely(r > (c)))", "if (unlikely((s64)r > (s64)(c)))"),
    ("C: another word", "ring_fast.h",
     "if (unlikely(local_fold(&rb->m) != r))",
     "if (unlikely(local_fold(&rb->m) > r))"),
    ("C: the sum's sign", "ring_fast.h",
     "if (unlikely(local_add_sign(&rb->m, c)))",
     "if (unlikely(!local_add_sign(&rb->m, c)))"),
    ("an undone writer leaves", "ring_fast.h",
     "call_keeping(ring_buffer_undo, rb, size);", ""),
    # The word ->tail is made when it is needed.
    ("open: behind the fast writer", "ring_buffer.c",
     "		offset += RB_STATE_SIZE(state);\n", ""),
    ("open: not before its time", "ring_buffer.c",
     "		time = rb_begun(rb);\n	}", "	}"),
    ("open: nor before the last event", "ring_buffer.c",
     "return max(local_read(&rb->data.begun), local_read(&rb->data.last));",
     "return local_read(&rb->data.begun);"),
    ("open: at its end, if it has no room", "ring_buffer.c",
     "	if (rb_has_room(state)) {", "	if (RB_STATE_SIZE(state)) {"),
    ("open: at its end, if there is none", "ring_buffer.c",
     "	return RB_STATE_SIZE(state) &&", "	return"),
    ("open: once", "ring_buffer.c",
     "	if (tail != RB_TAIL_NONE)\n"
     "		return;\n	if (rb_has_room",
     "	if (rb_has_room"),
    ("open: by compare-and-exchange", "ring_buffer.c",
     "local_try_cmpxchg(&rb->data.tail, &tail, time << RB_TAIL_BITS | offset)",
     "local_set(&rb->data.tail, time << RB_TAIL_BITS | offset)"),
    ("open: by one who is inside", "ring_buffer.c",
     "	local_or(&rb->data.state, RB_STATE_INSIDE(0, ctx));\n"
     "	rb_open(rb);",
     "	rb_open(rb);\n	local_or(&rb->data.state, RB_STATE_INSIDE(0, ctx));"),
    # The outermost writer publishes all.
    ("commit: the word is no longer needed by compare-and-exchange",
     "ring_buffer.c",
     "local_try_cmpxchg(&rb->data.tail, &tail, RB_TAIL_NONE);",
     "local_set(&rb->data.tail, RB_TAIL_NONE);"),
    ("commit: the word is no longer needed", "ring_buffer.c",
     "local_try_cmpxchg(&rb->data.tail, &tail, RB_TAIL_NONE)",
     "local_try_cmpxchg(&rb->data.tail, &tail, tail)"),
    ("commit: unless it is not there", "ring_buffer.c",
     "		if (tail == RB_TAIL_NONE)\n"
     "			return;\n		while",
     "		while"),
    ("commit: number and tail belong together", "ring_buffer.c",
     "		} while (local_read(&rb->data.tail) != tail);",
     "		} while (0);"),
    ("commit: the time of the last event", "ring_buffer.c",
     "		rb->data.last -= rb_delta(rb->data.last, tail);\n", ""),
    ("commit: a closed page ends before its end", "ring_buffer.c",
     "		if (closed)\n"
     "			end =", "		if (0)\n"
     "			end ="),
    ("commit: the bytes of a page that is complete", "ring_buffer.c",
     "	smp_store_release(&page->commit, end);\n", ""),
    ("commit: a page that is left is closed", "ring_buffer.c",
     "rb_commit_page(rb, info->end & RB_TAIL_MASK, true);",
     "rb_commit_page(rb, info->end & RB_TAIL_MASK, false);"),
    ("commit: the next page", "ring_buffer.c",
     "	rb->data.page = rb->data.info[index].page;\n", ""),
    ("a nested writer's note for the outer one", "ring_buffer.c",
     "local_set(&rb->data.state, state | RB_STATE_PENDING);",
     "local_set(&rb->data.state, state);"),
    ("only the outermost commits", "ring_buffer.c",
     "	if (RB_STATE_WRITERS(state))\n		local_set",
     "	if (0)\n		local_set"),
    ("a fast writer is an outer one", "ring_buffer.c",
     "	if (RB_STATE_WRITERS(state))\n		local_set",
     "	if (RB_STATE_CTX(state))\n		local_set"),
    ("a slow writer is an outer one", "ring_buffer.c",
     "	if (RB_STATE_WRITERS(state))\n		local_set",
     "	if (RB_STATE_SIZE(state))\n		local_set"),
    ("the second look after leaving", "ring_buffer.c",
     "while (local_read(&rb->data.state) & RB_STATE_PENDING);", "while (0);"),
    ("the note is taken before all is committed", "ring_buffer.c",
     "		local_and(&rb->data.state, ~RB_STATE_PENDING);\n"
     "		rb_commit_all(rb);\n",
     "		rb_commit_all(rb);\n"
     "		local_and(&rb->data.state, ~RB_STATE_PENDING);\n"),
    ("one that commits is inside", "ring_buffer.c",
     "		local_or(&rb->data.state, ctx);\n", ""),
    ("until the end", "ring_buffer.c",
     "		rb_commit_all(rb);\n"
     "		local_and(&rb->data.state, ~ctx);\n",
     "		local_and(&rb->data.state, ~ctx);\n"
     "		rb_commit_all(rb);\n"),
    ("and no longer", "ring_buffer.c",
     "		local_and(&rb->data.state, ~ctx);\n"
     "	} while", "	} while"),
    # A fast writer that fails while it is inside.
    ("undo: a gap is filled", "ring_buffer.c",
     "			rb_fill_gap(rb, state);\n", "			;\n"),
    ("undo: if it has room", "ring_buffer.c",
     "state & RB_STATE_PENDING && rb_has_room(state)",
     "state & RB_STATE_PENDING"),
    ("undo: the time in the gap", "ring_buffer.c",
     "	word[0] = (u32)time << RB_TYPE_BITS | RB_TYPE_STAMP;\n",
     "	word[0] = RB_TYPE_EXTEND;\n"),
    ("undo: its upper part", "ring_buffer.c",
     "word[1] = time >> RB_DELTA_BITS;", "word[1] = 0;"),
    ("undo: the time is that of the word", "ring_buffer.c",
     "	u64 time = rb_begun(rb);\n\n	word",
     "	u64 time = rb->data.last;\n\n	word"),
    ("undo: the rest of the page is no gap", "ring_buffer.c",
     "word[0] = 1 << RB_TYPE_BITS | RB_TYPE_PADDING;",
     "word[0] = RB_TYPE_PADDING;"),
    ("undo: the size of the gap", "ring_buffer.c",
     "word[1] = size - 8 - RB_EVENT_HEADER;", "word[1] = size - 8;"),
    ("undo: a look while leaving", "ring_buffer.c",
     "	} while (!local_try_cmpxchg32(&rb->data.state, &state,\n"
     "				      state - RB_STATE_INSIDE(size, 0)));",
     "	} while (0);\n"
     "	local_add_sign(&rb->data.state, -RB_STATE_INSIDE(size, 0));"),
    ("undo: by compare-and-exchange", "ring_buffer.c",
     "	} while (!local_try_cmpxchg32(&rb->data.state, &state,\n"
     "				      state - RB_STATE_INSIDE(size, 0)));",
     "	} while (0);\n"
     "	local_set(&rb->data.state, state - RB_STATE_INSIDE(size, 0));"),
    ("undo: what is behind is committed", "ring_buffer.c",
     "	if (state & RB_STATE_PENDING)\n"
     "		ring_buffer_commit_rest(rb);\n", ""),
    # What a reader sees.
    ("bytes: those in ->state", "ring_buffer_internal.h",
     "	if (seq == commit_seq && bytes != RB_TAIL_CLOSED)\n"
     "		return bytes;\n", ""),
    ("bytes: of the commit page", "ring_buffer_internal.h",
     "	if (seq == commit_seq && bytes != RB_TAIL_CLOSED)\n",
     "	if (bytes != RB_TAIL_CLOSED)\n"),
    ("bytes: unless it is closed", "ring_buffer_internal.h",
     "	if (seq == commit_seq && bytes != RB_TAIL_CLOSED)\n",
     "	if (seq == commit_seq)\n"),
    ("a reader passes a gap with nothing behind it", "ring_buffer_read.c",
     "		rb->data.reader_offset = size;\n"
     "		rb->data.reader_stamp = time;\n	}",
     "		return false;\n	}"),
    ("a new page is empty", "ring_buffer.c",
     "	WRITE_ONCE(page->commit, 0);\n", ""),
]

SWAP = [
    ("nothing", "ring_buffer.c", "", ""),
    ("RB9: the slow path ends in the ring where it began", "ring_buffer.c",
     "		rb = rb->twin; /* RB9", "		; /* RB9"),
    ("RB9: one of the twins alone has a context's bit", "ring_buffer.c",
     "	if (twin)\n"
     "		state |= local_read(&twin->data.state);\n", ""),
    ("RB9: a writer goes to the ring that was the buffer's", "ring_buffer.c",
     "	if (unlikely(!(RB_STATE_CTX(local_read(&rb->data.state)) &",
     "	if (unlikely((RB_STATE_CTX(local_read(&rb->data.state)) &"),
    ("RB9: by its own context's bit", "ring_buffer.c",
     "	if (unlikely(!(RB_STATE_CTX(local_read(&rb->data.state)) &\n"
     "		       this_cpu_read(trace_context))))",
     "	if (unlikely(!RB_STATE_WRITERS(local_read(&rb->data.state))))"),
    ("RB10: no swap during a change", "ring_buffer_ctl.c",
     "	int err = -EBUSY;\n\n	if (rb_try_busy(a)) {",
     "	int err = -EBUSY;\n\n	if (rb_try_busy(a) || 1) {"),
    ("both buffers get a ring", "ring_buffer_ctl.c",
     "		rb_set_ring(b, cpu, rb);\n", ""),
    ("only pairs", "ring_buffer_ctl.c",
     "		if (a->cpu[cpu]->twin != b->cpu[cpu])\n"
     "			return -EINVAL;\n", ""),
]

PERSIST = [
    ("nothing", "ring_buffer_persist.c", "", ""),
    ("RB11: an index is that of a page", "ring_buffer_persist.c",
     "index > c->head->pages || c->named[index]", "c->named[index]"),
    ("RB11: a page is taken once", "ring_buffer_persist.c",
     "index > c->head->pages || c->named[index]", "index > c->head->pages"),
    ("RB11: times do not go back", "ring_buffer_persist.c",
     "event.time < kept->last", "0"),
    ("RB11: events end where the page does", "ring_buffer_persist.c",
     "return !ret && offset == commit;", "return true;"),
    ("RB11: padding alone is no damage", "ring_buffer_persist.c",
     "return !ret && offset == commit;",
     "return !ret && kept->entries && offset == commit;"),
    ("padding alone is no page", "ring_buffer_persist.c",
     "kept->size = kept->entries ? commit : 0;", "kept->size = commit;"),
    ("the time of a gap at the end", "ring_buffer_persist.c",
     "	kept->last = time;\n	kept->size", "	kept->size"),
    ("RB11: that time is not in the future", "ring_buffer_persist.c",
     "	if (time < kept->last || time > before)\n"
     "		return false;\n", ""),
    ("RB12: the bytes in ->state", "ring_buffer_persist.c",
     "		page->commit = bytes;\n", "		;\n"),
    ("RB12: unless the page is closed", "ring_buffer_persist.c",
     "	if (bytes != RB_TAIL_CLOSED)\n		page->commit",
     "		page->commit"),
    ("RB12: of the commit page alone", "ring_buffer_persist.c",
     "	if (seq == left(c)->commit_seq)\n"
     "		commit_last", "commit_last"),
    ("a ring goes on behind what it has", "ring_buffer_persist.c",
     "	data->state = info->page->commit;\n", ""),
    ("a ring goes on from its last time", "ring_buffer_persist.c",
     "	data->last = last;\n", ""),
    ("a ring goes on without a tail", "ring_buffer_persist.c",
     "		.tail = RB_TAIL_NONE,\n", ""),
    ("RB11: another layout", "ring_buffer_persist.c",
     "if (memcmp(left, now, offsetof(struct ring_area, clock)) != 0)",
     "if (0)"),
    ("RB12: a page that is being taken", "ring_buffer_persist.c",
     "	if (*index == left(c)->reader_index)\n", "	if (1)\n"),
    ("RB12: the number of the reader's page is stored first",
     "ring_buffer_read.c",
     "	WRITE_ONCE(rb->data.reader_seq, rb->data.next_seq);\n"
     "	barrier();\n"
     "	WRITE_ONCE(rb->data.reader_index, RB_SLOT_INDEX(slot));\n",
     "	WRITE_ONCE(rb->data.reader_index, RB_SLOT_INDEX(slot));\n"
     "	barrier();\n"
     "	WRITE_ONCE(rb->data.reader_seq, rb->data.next_seq);\n"),
    ("a gap is counted", "ring_buffer_persist.c",
     "	data->commit_entries += lost; /* RB7 */\n", ""),
]
