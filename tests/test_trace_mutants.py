# SPDX-License-Identifier: MIT
# parts: test-all 130
"""Negative controls of the model checks of the ring buffer and of the shadow
stack, and of the tests of the registry of events, of the control tree, of the
shell's regular expressions, of the file server's frames and of the log for
programs.

Each mutant takes away one protection of the files that MODELS names; the test
of that name in tests/unit/ has to notice. If no place reads as the text any
more, the code has changed and the mutant must be written anew; its format does
not matter (tests/mutants.py).
"""
import pathlib
import subprocess

import pytest

from tests import ring_mutants as ring
from tests.mutants import mutated

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ("-std=gnu11 -O1 -ffreestanding -fno-strict-aliasing -pthread "
         "-w").split()
NAMES = ["-include", str(ROOT / "tests/host/names.h")]
FAKES = {"alloc", "cpu", "libc", "lock", "panic", "printk", "step"}

# Below: what is taken away, file, text, replacement.
BARRIER = "	barrier(); /* the compiler, too, fills it after that */\n"

FGRAPH = [
    ("nothing", "fgraph.c", "", ""),
    ("a frame says nothing while it is being made", "fgraph.h",
     "	WRITE_ONCE(frame->retp, NULL);\n", ""),
    ("a frame is on the stack before it is filled", "fgraph.h",
     "	WRITE_ONCE(stack->top, frame);\n" + BARRIER +
     "	frame->ret = *retp;\n"
     "	frame->func = ip;\n	frame->users = bit;\n"
     "	frame->depth = top->depth + 1;\n",
     "	frame->ret = *retp;\n	frame->func = ip;\n"
     "	frame->users = bit;\n	frame->depth = top->depth + 1;\n"
     "	WRITE_ONCE(stack->top, frame);\n"),
    ("the frame knows the slot before it is hooked", "fgraph.h",
     "	WRITE_ONCE(frame->retp, retp);\n"
     "	WRITE_ONCE(*retp, (unsigned long)return_to_handler);\n",
     "	WRITE_ONCE(*retp, (unsigned long)return_to_handler);\n"
     "	WRITE_ONCE(frame->retp, retp);\n"),
    ("the slot is put back before the frame goes", "fgraph.h",
     "	WRITE_ONCE(*frame->retp, frame->ret);\n"
     "	fgraph_pop(stack, frame);\n",
     "	fgraph_pop(stack, frame);\n"
     "	WRITE_ONCE(*frame->retp, frame->ret);\n"),
    ("a walk begins with the newest frame", "fgraph.c",
     "	for (frame = READ_ONCE(stack->top); frame > stack->frame; frame--) "
     "{\n		if (READ_ONCE(frame->retp) != retp)",
     "	for (frame = stack->frame + 1; frame <= stack->top; frame++) {\n"
     "		if (READ_ONCE(frame->retp) != retp)"),
    ("a walk sees through tail calls", "fgraph.c",
     "		if (addr != (unsigned long)return_to_handler)\n"
     "			break; /* else", "		break; /* else"),
    ("only a call of the same function is shared", "fgraph.c",
     "frame->retp == retp && frame->func == ip &&",
     "frame->retp == retp &&"),
    ("nobody shares a call with himself", "fgraph.c",
     "		if (frame->users & bit)\n"
     "			return false;\n", ""),
    ("no frame beyond the end", "fgraph.c",
     "	if (unlikely(top >= stack->end)) { /* R2 */", "	if (0) {"),
    ("frames of calls left by force are dropped", "fgraph.c",
     "	if (unlikely(frame->retp != retp))\n"
     "		frame = drop_abandoned(stack, retp);\n", ""),
    ("calls under way forget a user that goes", "fgraph.c",
     "	fgraph_for_each_stack(clear_user, gops->bit);\n", ""),
    ("a handler is out of use before the wait", "fgraph.c",
     "	choose_handler(gops);\n", ""),
    ("the guard at entry", "fgraph.c",
     "	if (unlikely(!guard)) {\n		stack->recursed++;\n"
     "		return;\n	}\n", ""),
    ("the guard at return", "fgraph.c",
     "	guard = ftrace_guard_enter(FTRACE_GUARD_GRAPH);\n	bits =",
     "	guard = 0;\n	bits ="),
    ("a declined call leaves no frame", "fgraph.c",
     "		fgraph_pop(stack, frame);\n", ""),
    ("words are reserved", "fgraph.c",
     "	WRITE_ONCE(stack->data_used, used + words);\n", ""),
    ("no words beyond the end", "fgraph.c",
     "	if (unlikely(words > stack->segment[used >> 32].length - (u32)used))",
     "	if (0)"),
    ("a call has words once", "fgraph.c",
     " || fgraph_words(stack->top))", ")"),
    ("words go with the frame that had them", "fgraph.c",
     "	fgraph_unhook(stack, frame); /* R1 */\n"
     "	give_words_back(stack, words);\n",
     "	fgraph_unhook(stack, frame);\n"),
    ("a declined call leaves no words", "fgraph.c",
     "		fgraph_pop(stack, frame);\n"
     "		give_words_back(stack, words);\n",
     "		fgraph_pop(stack, frame);\n"),
    ("words go with the frames of calls left by force", "fgraph.c",
     "	barrier();\n	WRITE_ONCE(stack->data_used, used);\n", ""),
    ("words go after the frame", "fgraph.c",
     "	guard = ftrace_guard_enter(FTRACE_GUARD_GRAPH);\n	bits =",
     "	give_words_back(stack, words);\n"
     "	guard = ftrace_guard_enter(FTRACE_GUARD_GRAPH);\n	bits ="),
    ("the number of words outlives the user", "fgraph.c",
     "			fetch_and(&stack->frame[i].users, ~(u32)bits);",
     "			WRITE_ONCE(stack->frame[i].users, 0);"),
]

EVENT = [
    ("nothing", "trace_event.c", "", ""),
    ("E1: one event of a name", "trace_event.c",
     "*slot || trace_event_by_name(event->system, event->name)", "*slot"),
    ("E1: names are components of a path", "trace_event.c",
     "isalnum(name[i]) || name[i] == '_'", "name[i] && name[i] != '/'"),
    ("E2: a record is as long as its event", "trace_event.h",
     "event && len >= event->size", "event"),
    ("E2: a field ends within that", "trace_event.c",
     "field->size <= event->size - field->offset; /* E2 */", "1;"),
    ("E2: a field begins within that", "trace_event.c",
     "	       field->offset <= event->size &&\n", ""),
    ("E2: a field lies behind the trace_entry", "trace_event.c",
     "field->offset >= sizeof(struct trace_entry) &&", ""),
    ("E4: ids are given out in turn", "trace_event.c",
     "		id = next_id;\n",
     "		id = TRACE_EVENT_DYNAMIC + tries;\n"),
    ("E4: an id is more than its slot", "trace_event.h",
     "event && event->id == id", "event"),
]

TRACEFS = [
    ("nothing", "tracefs.c", "", ""),
    ("T1: an open handle holds its levels", "tracefs.c",
     "	if (ret)\n		tracefs_put(&at);", "	tracefs_put(&at);"),
    ("T1: a closed handle holds none", "tracefs.c",
     "	tracefs_put(&file->at);\n", ""),
    ("T1: what is not opened is not held", "tracefs.c",
     "	if (ret)\n		tracefs_put(&at);\n", ""),
    ("T1: a path that leads nowhere is not held", "tracefs_tree.c",
     "			tracefs_put(path);\n", ""),
    ("T2: an inode number is made of all levels", "tracefs_tree.c",
     "ino = mix(ino, path->level[i].id);",
     "ino = mix(1, path->level[i].id);"),
    ("T2: a directory's number is part of those in it", "tracefs_tree.c",
     "mix(path_ino(dir), level.id)", "mix(1, level.id)"),
    ("T3: a cursor keeps the position in its source", "tracefs_tree.c",
     "i++, pos = 0) {", "i++) {"),
    ("the data is that of the nearest level", "tracefs_tree.c",
     "	for (i = path->depth; i--;)", "	for (i = 0; i < path->depth; i++)"),
    ("a slash means a directory", "tracefs_tree.c",
     "err = tracefs_last(path)->node->dir ? 0 : -ENOTDIR;", "err = 0;"),
]

FILTER = [
    ("nothing", "filter_match.c", "", ""),
    ("&& binds tighter than ||", "filter_parse.c",
     "			yes = place(term);\n"
     "			no = level->fail;",
     "			yes = place(term);\n"
     "			no = level->no;"),
    ("a false operand of && leads to the next of ||", "filter_parse.c",
     "			level->fail = place(term);\n", ""),
    ("a '!' in front of a bracket", "filter_parse.c",
     "*++level = turned(yes, no, opposite);",
     "*++level = turned(yes, no, false);"),
    ("a '!' in front of a term", "filter_parse.c",
     "add_token(w, negated != opposite ? TERM | NOT : TERM);",
     "add_token(w, opposite ? TERM | NOT : TERM);"),
    ("numbers with a sign", "filter_term.c",
     "is_signed ? (u64)LLONG_MIN : 0", "0"),
    ("values are cut to the field", "filter_term.c",
     "	u64 v = truncated(&t->field, value);",
     "	u64 v = value;"),
    ("characters end with the field", "filter_match.c",
     "glob_match_n(pred->pattern, text, n)",
     "glob_match_n(pred->pattern, text, 1000)"),
    ("a number is no set of several CPUs", "filter_term.c",
     "t->pred->bits = one ? mask : 0;", "t->pred->bits = mask;"),
    ("a program with other fields takes the long way", "filter_term.c",
     "	p->program->ranges &= pred->op != FILTER_OTHER;\n", ""),
]

FILTER_ERRORS = [
    ("nothing", "filter_match.c", "", ""),
    ("FL2: a text lies in the record", "filter_match.c",
     "return offset <= len && *n <= len - offset ? record + offset : NULL;",
     "return record + offset;"),
    ("FL2: a text ends with the record", "filter_match.c",
     "		n = len - pred->offset;\n", "		n = 1000;\n"),
    ("FL3: a dangling operator", "filter_parse.c",
     "w->tokens ? FILTER_ERROR_INVALID_FILTER :", "0 ? 0 :"),
    ("FL3: brackets are counted first", "filter_parse.c",
     "	if (depth)\n		return refuse(w, FILTER_ERROR_TOO_MANY_OPEN,",
     "	if (0)\n		return refuse(w, FILTER_ERROR_TOO_MANY_OPEN,"),
    ("FL3: a place is one behind", "filter_term.c",
     ".at = at + 1 };\n	return -EINVAL;",
     ".at = at };\n	return -EINVAL;"),
    ("a string has a limit", "filter_term.c",
     "	if (t->at - start >= CHARS_MAX)", "	if (0)"),
]

HIST_MAP = [
    ("nothing", "hist_map.c", "", ""),
    ("HM1: a slot is taken by compare and exchange", "hist_map.c",
     "try_cmpxchg(&map->slot[at & map->mask], &found,"
     " (u64)hash << 32 | number)",
     "(host_step(), map->slot[at & map->mask] ="
     " (u64)hash << 32 | number)"),
    ("HM1: the one that took the slot may have the same key", "hist_map.c",
     "has_key(map, found, key)) break;", "0) break;"),
    ("HM2: an element has its key", "hist_map.c",
     "(map->key_words + map->extra_words) * sizeof(*key)", "0"),
    ("HM4: the head of the free elements has a tag", "hist_map.c",
     "((head >> 32) + 1) << 32 | rest", "rest"),
    ("an element that is not needed is free again", "hist_map.c",
     "if (number) push(map, number);", ""),
    ("what is dropped is counted", "hist_map.c",
     "fetch_add(&map->dropped, 1);", ""),
    ("extra words are not compared", "hist_map.c",
     "for (i = 0; i < map->key_words; i++) if (mine[i] != key[i])",
     "for (i = 0; i < map->key_words + map->extra_words; i++)"
     " if (mine[i] != key[i])"),
]

HIST_PARSE = [
    ("nothing", "hist_parse.c", "", ""),
    ("HG1: the place of a sort field", "hist_parse.c",
     "HIST_ERROR_INVALID_SORT_FIELD, name.at",
     "HIST_ERROR_INVALID_SORT_FIELD, name.at + 1"),
    ("HG1: no empty assignment", "hist_parse.c",
     "return refuse(p, HIST_ERROR_EMPTY_ASSIGNMENT, name.at);", "return 0;"),
]

PIDS = [
    ("nothing", "ftrace_pid.c", "", ""),
    ("P1: the words are new before a bit is another's", "ftrace_pid.c",
     "	on_each_cpu(pid_recompute, NULL, true);\n", ""),
    ("P1: a bit is free only when its struct has none", "ftrace_pid.c",
     "		WRITE_ONCE(used, used & ~pids->bit);\n", ""),
    ("P1: a struct without lists has no bit", "ftrace_pid.c",
     "		WRITE_ONCE(pids->bit, 0);\n", ""),
]

PID_SET = [
    ("nothing", "pid_set.c", "", ""),
    ("PS1: a mark is there for ever", "pid_set.c",
     "if (*slot == TAKEN && first > i)", "if (false)"),
    ("PS1: a mark that a search passes is freed", "pid_set.c",
     "*slot == TAKEN && first > i", "*slot == TAKEN"),
    ("PS1: the pid behind a mark does not count", "pid_set.c",
     "first = min(first, i - distance(*slot - 1, i));", ";"),
    ("PS1: only the pid next to a mark counts", "pid_set.c",
     "first = min(first, i - distance(*slot - 1, i));",
     "first = i - distance(*slot - 1, i);"),
    ("a pid leaves no mark", "pid_set.c",
     "WRITE_ONCE(set->slot[slot], TAKEN);",
     "WRITE_ONCE(set->slot[slot], FREE);"),
    ("a set has a limit", "pid_set.c",
     "atomic_read(&set->live) < PID_SET_MAX", "true"),
    ("a pid is in it once", "pid_set.c",
     "if (!pid_set_has(set, pid)) {", "if (true) {"),
    ("any child is followed", "pid_set.c",
     "pid_set_has(set, parent) && pid_set_add", "pid_set_add"),
    ("each child that is lost has a line", "pid_set.c",
     "atomic_inc_return(&set->lost) == 1", "atomic_inc_return(&set->lost)"),
]

REGEX = [
    ("nothing", "regex.c", "", ""),
    ("a match may begin at each character", "regex.c",
     "		reach(now, 0); /* a", "		if (!i)\n"
     "			reach(now, 0); /* a"),
    ("a line ends before its newline", "regex.c",
     "	if (len && text[len - 1] == '\\n')\n		len--;\n", ""),
    ("a set with ^", "regex.c", "set[i] = ~set[i];", ";"),
    ("-i in a set", "regex.c",
     "	if (p->regex->flags & REGEX_IGNORE_CASE) {", "	if (0) {"),
    ("-i", "regex.c",
     "tolower(step->c) == tolower(c)", "step->c == c"),
    ("* at the start of a basic expression", "regex.c",
     "op != '*' || !*start", "op != '*' || *start"),
    ("^ is an anchor at the start only", "regex.c",
     "	if (at == p->re || extended(p))\n		return true;",
     "	return true;"),
    ("$ is an anchor at the end only", "regex.c",
     "	return op == ')' || op == '|';", "	return true;"),
    ("the second alternative", "regex.c",
     "p->regex->n - start + 2", "p->regex->n - start + 1"),
    ("* leaves behind its jump", "regex.c",
     "len + (op == '*' ? 2 : 1)", "len + 1"),
    ("* goes back", "regex.c", ".a = -(len + 1)", ".a = 1"),
    ("code moves as a block", "regex.c",
     "(r->n - at) * sizeof(r->step[0])", "0"),
    ("a range has an order", "regex.c",
     "	if (to < from)\n"
     "		return \"a range ends before it begins\";\n", ""),
    ("as many steps as fit", "regex.c",
     "r->n + 1 >= REGEX_STEPS", "r->n + 2 >= REGEX_STEPS"),
    ("no more steps than fit", "regex.c",
     "r->n + 1 >= REGEX_STEPS", "r->n >= REGEX_STEPS"),
    ("no more groups than the stack has room for", "regex.c",
     "++p->depth > REGEX_GROUPS", "++p->depth > REGEX_GROUPS + 1"),
    ("no more sets than there are", "regex.c",
     "p->regex->sets == REGEX_SETS", "p->regex->sets == REGEX_SETS + 1"),
    ("what begins an interval", "regex.c",
     "		if (op == '{')\n", "		if (0)\n"),
]

JSON = [
    ("nothing", "machine_log.c", "", ""),
    ("a quote is escaped", "machine_log.c",
     "c == '\"' || c == '\\\\'", "c == '\\\\'"),
    ("a backslash is escaped", "machine_log.c",
     "c == '\"' || c == '\\\\'", "c == '\"'"),
    ("other bytes become printable", "machine_log.c",
     "c >= ' ' && c <= '~' ? c : '?'", "c"),
    ("a Tab is a blank", "machine_log.c",
     "text[i] == '\\t' ? ' ' : text[i]", "text[i]"),
    ("no escape is cut in half", "machine_log.c",
     "used + 2 <= room", "used + 1 <= room"),
    ("the end of the object has room", "machine_log.c",
     "room = size - (sizeof(tail) - 1)", "room = size"),
    ("no event among lines of text", "machine_log.c",
     "	if (!json)\n		return false;\n", ""),
]

FRAMES = [
    ("nothing", "tfs1.c", "", ""),
    ("W1: a header has a CRC", "tfs1.c",
     " && head->header_crc == crc32(head, HEAD - sizeof(u32));", ";"),
    ("W1: what looks like no header is looked at again", "tfs1.c",
     "	restart(p, p->raw + 1, HEAD - 1);\n",
     "	p->have = 0;\n"),
    ("W1: a payload has a CRC", "tfs1.c",
     "crc32(p->payload, p->got) == p->head.payload_crc", "1"),
    ("the CRC of no payload", "tfs1.c",
     "return p->head.payload_crc ? TFS1_BAD_CRC : TFS1_FRAME;",
     "return TFS1_FRAME;"),
    ("a length has a limit", "tfs1.c",
     "	if (p->head.length)\n		return TFS1_TOO_LONG;\n", ""),
    ("W2: a HELLO inside a payload", "tfs1.c",
     "	tail = find_hello(p, &hello);\n", "	tail = 0;\n"),
    ("W2: a HELLO at the end of a damaged payload", "tfs1.c",
     "	restart(p, p->payload + p->got - tail, tail); /* W2 */\n",
     "	p->have = 0;\n"),
    ("garbage is reported once", "tfs1.c",
     "	if (p->lost && !header)\n		return TFS1_MORE;\n", ""),
    ("a frame cut off has its id", "tfs1.c",
     "u32 id = p->body ? p->head.id : 0;", "u32 id = 0;"),
    ("an id is not 0", "tfs1.c",
     "	if (!head->id)\n		return -EINVAL;\n", ""),
    ("operations end", "tfs1.c", "!head->op || head->op >= TFS1_OPS",
     "!head->op || head->op > TFS1_OPS"),
    ("flags are those of the operation", "tfs1.c",
     "if (head->flags & ~form[head->op].flags)\nreturn -EINVAL;\n", ""),
    ("a name ends", "tfs1.c",
     "if (head->comm[sizeof(head->comm) - 1])\nreturn -EINVAL;\n", ""),
    ("FORK and EXIT name their tasks", "tfs1.c",
     "if (!names_tasks(head))\nreturn -EINVAL;\n", ""),
    ("a task is not its own child", "tfs1.c",
     "head->count != (u32)head->pid", "true"),
    ("a child's pid has a limit", "tfs1.c",
     "head->count <= TFS1_PID_MAX", "true"),
    ("a path has a limit", "tfs1.c", "len >= TFS1_PATH_MAX",
     "len > TFS1_PATH_MAX"),
    ("no payload where there is none", "tfs1.c",
     "return head->length && !form[head->op].data ? -EINVAL : 0;",
     "return 0;"),
    ("a name is printable", "tfs1.c",
     "comm[i] = '?';", "comm[i] = '!';"),
]

MODELS = {
    "tfs1": ("trace/serve/tfs1.[ch]", FRAMES),
    "regex": ("kernel/lib/regex.[ch]", REGEX),
    "machine_log": ("kernel/base/machine_log.[ch]", JSON),
    "ftrace_switches": ("trace/core/ftrace_pid*", PIDS),
    "pid_set": ("trace/core/pid_set.[ch]", PID_SET),
    "trace_event": ("trace/event/trace_event.[ch]", EVENT),
    "filter": ("trace/event/filter*", FILTER),
    "filter_errors": ("trace/event/filter*", FILTER_ERRORS),
    "hist_map": ("trace/event/hist_map.[ch]", HIST_MAP),
    "hist_parse": ("trace/event/hist_parse.[ch]", HIST_PARSE),
    "ring_buffer": ("trace/ring/ring_*", ring.RING),
    "ring_buffer_edges": ("trace/ring/ring_*", ring.EDGES),
    "ring_buffer_swap": ("trace/ring/ring_*", ring.SWAP),
    "ring_buffer_persist": ("trace/ring/ring_*", ring.PERSIST),
    "fgraph": ("trace/graph/fgraph*", FGRAPH),
    "tracefs": ("trace/control/tracefs*", TRACEFS),
}
# What a model needs beside the files that are mutated.
CORE = [str(path.relative_to(ROOT)) for path in
        sorted((ROOT / "trace/core").glob("*.c"))
        if not path.stem.endswith(("_init", "_unwind", "_fexit", "_pid"))]
BESIDE = {"ftrace_switches": [*CORE, "arch/x86_64/patch/insn.c",
                              "tests/host/sites.c",
                              "tests/host/ftrace_util.c"],
          "filter": ["trace/event/trace_event.c"],
          "filter_errors": ["trace/event/trace_event.c"],
          "hist_parse": ["trace/event/trace_event.c"]}
# What of the files that are mutated it does not need.
WITHOUT = {"ring_buffer": ["ring_buffer_persist.c"],
           "ring_buffer_edges": ["ring_buffer_persist.c"],
           "ring_buffer_swap": ["ring_buffer_persist.c"]}
# The tests that the mutants concern, if other tests print complaints.
ONLY = {"ftrace_switches": "*pids*"}
ALL = [(model, mutant) for model, (_, mutants) in MODELS.items()
       for mutant in mutants]


def include(directory):
    return ["-I", str(directory), "-I", str(ROOT / "tests/host"),
            "-I", str(ROOT), "-I", str(ROOT / "arch/x86_64")]


@pytest.fixture(scope="session")
def common(tmp_path_factory):
    """Object files that no mutant changes."""
    directory = tmp_path_factory.mktemp("common")
    objects = []
    sources = [path for path in sorted((ROOT / "tests/host").glob("*.c"))
               if path.stem in FAKES]
    sources += sorted((ROOT / "kernel/lib").glob("*.c"))
    sources += [ROOT / "kernel/base/fail.c", ROOT / "tests/unit/unit.c"]
    for path in sources:
        objects.append(directory / f"{path.parent.name}-{path.stem}.o")
        names = [] if path.stem == "libc" else NAMES
        subprocess.run(["gcc", *FLAGS, *include(directory), *names, "-c",
                        "-o", objects[-1], path], check=True)
    return objects


def build(directory, common, model, mutant):
    """Copy the sources, mutate one, compile the model check against them."""
    _, name, text, replacement = mutant
    folder = (directory / MODELS[model][0]).parent
    folder.mkdir(parents=True)
    own = set()  # objects of the same files without the mutant
    for path in ROOT.glob(MODELS[model][0]):
        own.add(f"{path.parent.name}-{path.stem}.o")
        source = path.read_text()
        if path.name == name and text:
            source = mutated(source, text, replacement)
        (folder / path.name).write_text(source)
    program = directory / "model"
    subprocess.run(["gcc", *FLAGS, *include(directory), *NAMES,
                    f"-Wl,-T,{ROOT}/tests/host/tables.ld", "-o", program,
                    *[path for path in sorted(folder.glob("*.c"))
                      if path.name not in WITHOUT.get(model, [])],
                    *[ROOT / path for path in BESIDE.get(model, [])],
                    ROOT / f"tests/unit/test_{model}.c",
                    *[path for path in common if path.name not in own]],
                   check=True)
    return program


@pytest.mark.parametrize("model, mutant", ALL,
                         ids=lambda x: x if isinstance(x, str) else x[0])
def test_model_check_notices(model, mutant, common, tmp_path):
    program = build(tmp_path, common, model, mutant)
    assert notices(program, ONLY.get(model, "*")) == bool(mutant[2]), mutant[0]


@pytest.mark.parametrize("field, compiles", [
    ("TRACE_FIELD(ftrace_entry, unsigned long, ip)", True),
    ("TRACE_FIELD(ftrace_entry, long, ip)", False),
    ("TRACE_FIELD(ftrace_entry, unsigned int, ip)", False),
    ("TRACE_FIELD_REST(print_entry, int, buf)", False),
    ("TRACE_FIELD_ARRAY(ftrace_entry, char, ip, 7)", False),
    ("TRACE_FIELD_STRING_AT(ftrace_entry, ip)", False),
])
def test_a_field_has_the_type_that_it_names(field, compiles, tmp_path):
    path = tmp_path / "field.c"
    path.write_text('#include "trace/event/trace_event.h"\n'
                    f"const struct trace_field field = {field};\n")
    done = subprocess.run(
        ["gcc", *FLAGS, *include(tmp_path), "-c", "-o", "/dev/null", path],
        capture_output=True, text=True)
    assert (done.returncode == 0) == compiles, done.stderr
    assert compiles or "the type of a field" in done.stderr


# The first store is dead unless something orders it against those of
# fgraph_push(): an interrupt after the frame was published may look at it.
ORDER = """
#include "trace/graph/fgraph.h"
#define MARK 0x5eed
struct fgraph_frame *probe(struct fgraph_ret_stack *stack,
			   struct fgraph_frame *top, unsigned long *retp)
{
	(top + 1)->users = MARK;
	return fgraph_push(stack, top, 1, retp, 1);
}
"""


@pytest.mark.parametrize("barrier", [True, False])
def test_compiler_keeps_the_order_of_a_push(barrier, tmp_path):
    """With the kernel's own headers: the stores behind the publication of a
    frame do not move before it, and without the barrier they may."""
    (tmp_path / "trace/graph").mkdir(parents=True)
    header = (ROOT / "trace/graph/fgraph.h").read_text()
    assert header.count(BARRIER) == 1
    if not barrier:
        header = header.replace(BARRIER, "")
    (tmp_path / "trace/graph/fgraph.h").write_text(header)
    (tmp_path / "probe.c").write_text(ORDER)
    asm = subprocess.run(
        ["gcc", "-std=gnu11", "-O2", "-ffreestanding", "-mcmodel=kernel",
         "-fno-pic", "-I", tmp_path, "-I", ROOT, "-I", ROOT / "arch/x86_64",
         "-S", "-o", "-", tmp_path / "probe.c"],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    assert (f"${0x5eed}," in asm) == barrier, asm


def notices(program, only="*"):
    """Whether it finds something: its first complaint, or no end, is enough."""
    with subprocess.Popen(["timeout", "60", program, only], text=True,
                          stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            if line.startswith(("#", "PANIC", "not ok")):
                process.kill()
                return True
        return process.wait() != 0
