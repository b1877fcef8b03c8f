# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot, unit

TITLE = "Challenge: a ring that an NMI may enter"
RING = "trace/ring/ring_buffer.c"
HOLES = [
    Hole(RING, "rb_raise"),
    Hole(RING, "rb_claim", "return false;"),
    Hole(RING, "rb_open_page", "return -ENOSPC;"),
    Hole(RING, "rb_next_page", "return -ENOSPC;"),
    Hole(RING, "rb_reserve", "return -ENOSPC;"),
    Hole(RING, "rb_commit_page"),
    Hole(RING, "rb_commit_next"),
    Hole(RING, "rb_commit_all"),
    Hole(RING, "ring_buffer_commit_rest"),
    Hole(RING, "rb_enter", "return false;"),
    Hole(RING, "rb_leave"),
]
TESTS = [
    unit("ring_buffer", "ring_buffer.model_two_pages_overwrite", 10),
    unit("ring_buffer", "ring_buffer.model_three_pages_overwrite", 10),
    unit("ring_buffer", "ring_buffer.model_three_pages_no_overwrite", 10),
    unit("ring_buffer", "ring_buffer.model_slow_clock", 10),
    unit("ring_buffer", "ring_buffer.longest_event_fits_and_longer_is_refused",
         10),
    unit("ring_buffer_edges",
         "ring_buffer_edges.what_is_read_has_been_counted", 10),
    unit("ring_buffer_swap", "ring_buffer_swap.every_event_once_RB9", 10),
    boot("ring_buffer.events_read_beside_writers", 10),
    boot("ring_buffer.pages_read_beside_writers", 10),
    boot("ring_buffer.resized_and_masked_beside_writers", 10,
         also="ring_buffer.events_read_beside_writers"),
]
WRONG = [
    Wrong("no closing before a page is left", RING,
          "\t\tif (!local_try_cmpxchg(&rb->data.tail, &tail,\n"
          "\t\t\t\t       tail | RB_TAIL_CLOSED))\n"
          "\t\t\treturn 0;\n\t\ttail |= RB_TAIL_CLOSED;\n", "",
          fails=["ring_buffer.model_two_pages_overwrite",
                 "ring_buffer.model_three_pages_overwrite",
                 "ring_buffer.model_three_pages_no_overwrite",
                 "ring_buffer.model_slow_clock",
                 "ring_buffer_swap.every_event_once_RB9"]),
    Wrong("everybody commits", RING, "\tif (!nest) {", "\tif (1) {",
          fails=["ring_buffer.model_two_pages_overwrite",
                 "ring_buffer.model_three_pages_overwrite",
                 "ring_buffer.model_three_pages_no_overwrite",
                 "ring_buffer.model_slow_clock",
                 "ring_buffer_swap.every_event_once_RB9"],
          perhaps=["ring_buffer.events_read_beside_writers",
                   "ring_buffer.pages_read_beside_writers",
                   "ring_buffer.resized_and_masked_beside_writers"]),
    Wrong("time goes back", RING, "\tif (delta < 0) {", "\tif (0) {",
          fails=["ring_buffer.model_two_pages_overwrite",
                 "ring_buffer.model_three_pages_overwrite",
                 "ring_buffer.model_three_pages_no_overwrite",
                 "ring_buffer.model_slow_clock"]),
    Wrong("an unread page is overwritten in any mode", RING,
          "\t\tif (RB_SLOT_SEQ(old) && !rb->overwrite)\n"
          "\t\t\treturn false;\n", "",
          fails=["ring_buffer.model_three_pages_no_overwrite"]),
    Wrong("the twin is not looked at", RING,
          "(nest | (twin ? local_read(&twin->nest) : 0)) & ctx", "nest & ctx",
          fails=["ring_buffer_swap.every_event_once_RB9"]),
]
