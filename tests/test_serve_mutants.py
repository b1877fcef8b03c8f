# SPDX-License-Identifier: MIT
# parts: torture 170
"""Breaks the file server and its driver on purpose, one line at a time: a named
test of tests/test_serve*.py must notice each. (trace/serve/tfs1.c is pure: its
mutants are in tests/test_trace_mutants.py.)"""
import pathlib

import pytest

from tests import qemu, test_serve, test_serve_nodes, test_serve_tasks
from tests.mutants import mutated
from tests.serve_guest import Guest
from tests.test_entry_mutants import build, ids, tree  # noqa: F401

PATIENCE = 20  # seconds for a reply; what a mutant loses never comes
SERVE, REQUEST = "trace/serve/serve.c", "trace/serve/serve_request.c"
TASK, FILE = "trace/serve/serve_task.c", "trace/serve/serve_file.c"
OPS, POLL = "trace/serve/serve_ops.c", "trace/serve/serve_poll.c"
LINE, PORT = "trace/serve/serve_line.c", "arch/x86_64/dev/virtio_serial.c"

# What is broken, file, text, what it becomes, the test that must notice.
MUTANTS = [
    ("N3: files of an ended session stay open", SERVE,
     "\tserve_files_close_all();\n", "", "all_handles_twice"),
    ("N3: requests of an ended session wait on", SERVE,
     "\tserve_cancel_all();\n", "", "a_hangup_ends_a_wait"),
    ("a hangup ends no session", SERVE,
     "\tseen = now;\n\tend_session();", "\tseen = now;",
     "before_hello_nothing_else_is_done"),
    ("requests are served before HELLO", SERVE,
     "\tif (!ret && !in_session)\n\t\tret = -EPROTO;\n", "",
     "before_hello_nothing_else_is_done"),
    ("any version is spoken", SERVE,
     "if (head->offset != TFS1_VERSION)", "if (false)",
     "unknown_and_wrong_requests_get_their_errno"),
    ("a frame cut off is waited for", SERVE,
     "tfs1_partial(parser) ? CUT_OFF_NS : 0", "0",
     "a_frame_cut_off_is_given_up"),
    ("the guest's pids are small", SERVE,
     "\tkthread_pids_from(FIRST_PID);\n", "", "the_trace_shows_the_caller"),
    ("CLOSE waits for who waits", SERVE,
     "\tif (head->op == TFS1_CLOSE)\n"
     "\t\tserve_cancel_waits(head->handle);\n", "",
     "close_ends_the_waits_of_its_handle"),
    ("N1: an id may be used twice", REQUEST,
     "if (find_active(req->head.id))", "if (false)",
     "an_id_twice_is_refused"),
    ("there are any number of requests", REQUEST,
     "nr_active == SERVE_REQUESTS", "nr_active == 2 * SERVE_REQUESTS",
     "too_many_requests_are_refused"),
    ("N2: nothing waits for a CLOSE", REQUEST,
     "if (serve_is_turn(req))\n\t\treturn;",
     "if (req->head.op == TFS1_CLOSE)\n\t\tmsleep(20);\n\tif (!nr_requests ||"
     " serve_is_turn(req) || req->head.op != TFS1_CLOSE)\n\t\treturn;",
     "what_follows_a_close_runs_after_it"),
    ("a reply of the session before is sent", REQUEST,
     "return !silent;", "return !silent || req->head.op;",
     "a_session_gets_no_reply_of_the_one_before"),
    ("an unknown id is cancelled", REQUEST,
     "return req ? 0 : -ENOENT;", "return 0;",
     "unknown_and_wrong_requests_get_their_errno"),
    ("the oldest task ends, not the longest idle one", TASK,
     "\tlist_move_tail(&t->link, &tasks);\n"
     "\tspin_lock_irqsave", "\tspin_lock_irqsave",
     "the_longest_idle_task_ends"),
    ("there are any number of tasks", TASK,
     "nr_tasks < SERVE_TASKS", "nr_tasks < 2 * SERVE_TASKS",
     "the_65th_caller_at_once_is_refused"),
    ("M1: a busy task is ended", TASK,
     "if (t == keep || !is_idle(t))", "if (t == keep)",
     "the_65th_caller_at_once_is_refused"),
    ("a task keeps its first name", TASK,
     "strcmp(current->comm, comm)", "!comm[0]",
     "the_trace_shows_the_caller"),
    ("a pid of the guest is refused without a word", TASK,
     "xchg(&refused_pid, pid) != pid", "xchg(&refused_pid, pid) < 0",
     "a_pid_of_the_guest_is_refused"),
    ("N2: nothing waits for an EXIT", REQUEST,
     "before->head.op == TFS1_CLOSE || before->head.op == TFS1_EXIT",
     "before->head.op == TFS1_CLOSE", "what_follows_an_exit_runs_after_it"),
    ("an EXIT waits for a read", SERVE,
     "\tif (head->op == TFS1_EXIT)\n"
     "\t\tserve_cancel_pid(head->pid);\n", "",
     "a_fork_does_not_wait_for_a_read"),
    ("a FORK waits for a read", OPS, "\t\treq->beside(req);\n", "",
     "a_fork_does_not_wait_for_a_read"),
    ("a CLOSE waits for a read", TASK, "if (req->head.op == TFS1_EXIT ||",
     "if (req->head.op == TFS1_CLOSE || req->head.op == TFS1_EXIT ||",
     "no_request_but_a_read_waits_for_a_read"),
    ("a READ that is cancelled waits for a read", TASK,
     " && !serve_cancelled(req)", "",
     "no_request_but_a_read_waits_for_a_read"),
    ("what runs beside a READ runs in any order", TASK,
     "found = req;\n\t\tbreak;", "found = req;",
     "what_runs_beside_a_read_keeps_its_order"),
    ("a child that is not made answers nobody", TASK,
     "\t\tlist_move_tail(&req->queued, lost);\n", "\t\tbreak;\n",
     "a_child_with_a_pid_of_the_guest_is_refused"),
    ("a pid has two tasks", TASK,
     "\tif (find_task(req->head.count))\n\t\treturn -EEXIST;\n", "",
     "wrong_forks_and_exits_change_nothing"),
    ("a task is made to end", TASK,
     "\tif (head->op == TFS1_EXIT)\n\t\treturn -ESRCH;\n", "",
     "wrong_forks_and_exits_change_nothing"),
    ("the place of a task that ended is kept", TASK,
     "\tforget_gone();\n\tif (req->head.op", "\tif (req->head.op",
     "a_child_asks_at_once"),
    ("a child gets the place of its parent", TASK,
     "if (t == keep || !is_idle(t))", "if (!is_idle(t))",
     "without_an_idle_task_a_fork_is_refused"),
    ("set_event_pid: a child without room is silence",
     "trace/event/event_pids.c", "\tif (full)\n", "\tif (false)\n",
     "events_without_room"),
    ("set_ftrace_pid: a child without room is silence",
     "trace/core/ftrace_pid.c", "\tif (full)\n", "\tif (false)\n",
     "functions_without_room"),
    ("a FORK is made by the server", TASK,
     "\tif (!ret)\n\t\tret = queue_for(t, req);\n",
     "\tif (!ret && req->child && !fork(req))\n"
     "\t\tserve_finish(req, 0, 0, NULL, 0);\n"
     "\telse if (!ret)\n\t\tret = queue_for(t, req);\n",
     "a_fork_is_an_event_of_the_parent"),
    ("a closed handle is a newer one", FILE,
     "if (slots[slot].handle == handle)", "if (handle)",
     "a_closed_handle_is_not_a_newer_one"),
    ("a failed open keeps its handle", FILE,
     "slots[slot].taken = file;", "slots[slot].taken = true;",
     "an_open_that_fails_keeps_no_handle"),
    ("a read takes one piece", OPS,
     "while (n > 0 && done < len && !file->file->node->read);",
     "while (false);", "text_at_any_offset_is_the_same_text"),
    ("an entry goes on behind the room", OPS,
     "if (room - a->length < sizeof(out) + len)",
     "if (room - a->length < len)",
     "a_directory_is_listed_in_pieces_of_any_size"),
    ("any size is truncated to", OPS,
     "\tif (req->head.offset)\n\t\treturn;\n", "", "paths_and_their_errors"),
    ("root is nobody", OPS, "(flags & TFS1_F_TRUNC ? TRACEFS_TRUNC : 0) | "
     "TRACEFS_ROOT", "(flags & TFS1_F_TRUNC ? TRACEFS_TRUNC : 0)",
     "root_opens_what_it_cannot_use"),
    ("what serves a reader fills the trace", OPS,
     "do_op(req, &answer);\n\t\tftrace_task_untraced(true);",
     "do_op(req, &answer);", "the_server_is_not_in_the_trace"),
    ("NONBLOCK of a read waits", OPS,
     "file->nonblock || req->head.flags & TFS1_F_NONBLOCK",
     "file->nonblock", "a_read_waits_and_is_cancelled"),
    ("a cancelled read waits on", OPS,
     "return !cancelled;", "return !cancelled || req->head.id;",
     "a_read_waits_and_is_cancelled"),
    ("POLL does not wait", POLL,
     "bits >= 0 && req->head.flags & TFS1_F_WAIT && !(bits & wanted(req))",
     "!wanted(req)", "poll_tells_and_waits"),
    ("nobody looks at POLLs", POLL,
     "\tspin_unlock_irqrestore(&serve_lock, flags);\n\tserve_poll_kick();\n}",
     "\tspin_unlock_irqrestore(&serve_lock, flags);\n}",
     "poll_tells_and_waits"),
    ("a file is never writable", POLL, "bits |= TFS1_POLLOUT;",
     "bits |= 0;", "poll_tells_and_waits"),
    ("a line that is full loses replies", LINE,
     "\t\tif (!n)\n\t\t\twait_event(&line_event, "
     "(n = line->write(at, len)));",
     "\t\tif (!n)\n\t\t\treturn;", "a_client_that_reads_late_gets_all"),
    ("a short payload is left out", LINE,
     "send(&out, sizeof(out.head) + with);", "send(&out, sizeof(out.head));",
     "damaged_frames_get_an_error_each"),
    ("the driver does not see a hangup", PORT, "hangups++;", "hangups += 0;",
     "before_hello_nothing_else_is_done"),
    ("a full line is not told to wake us", PORT,
     "\t\tvirtq_interrupts(&out, true);\n", "",
     "a_client_that_reads_late_gets_all"),
    ("U2: a buffer is not given back", PORT,
     "virtq_give(&in, reading.id, PAGE_SIZE);\n\t\tvirtq_notify(&in);",
     "virtq_notify(&in);", "every_node_by_eight_clients_at_once"),
    ("U1: a buffer that QEMU keeps is lost", "arch/x86_64/dev/virtio.c",
     "if (q->to_device)\n\t\tfree_sent", "if (!q->ring)\n\t\tfree_sent",
     "the_connection_may_end_while_a_reply_is_sent"),
]


def all_handles_twice(machine):
    for _ in range(2):
        client = machine.client(timeout=test_serve.WAIT)
        for _ in range(client.max_handles):
            client.open("tracing_on")
        client.close_line()


def a_hangup_ends_a_wait(machine):
    client = machine.client(timeout=test_serve.WAIT)
    handle = client.open("trace_pipe", pid=9)
    client.start(test_serve.tfs1.READ, handle=handle, count=10, pid=9)
    client.stat("trace")
    client.close_line()
    machine.client(timeout=test_serve.WAIT).close_line()


def without_room(machine, option, path):
    client = machine.client(timeout=test_serve.WAIT)
    pids = [501, *range(20000, 20255)]
    client.echo(f"options/{option}", b"1")
    client.echo(path, " ".join(map(str, pids)).encode())
    client.fork(501, 502)
    client.close_line()
    machine.wait_for(lambda: f"{option}: a list has" in machine.log(),
                     test_serve.WAIT)


def events_without_room(machine):
    without_room(machine, "event-fork", "set_event_pid")


def functions_without_room(machine):
    without_room(machine, "function-fork", "set_ftrace_pid")


def check(name, machine):
    """The named test, as pytest would run it."""
    if name in globals():
        globals()[name](machine)
        return
    test, = (getattr(module, f"test_{name}")
             for module in (test_serve, test_serve_nodes, test_serve_tasks)
             if hasattr(module, f"test_{name}"))
    wanted = test.__code__.co_varnames[:test.__code__.co_argcount]
    values = {"guest": machine}
    test_serve.with_client(machine)  # there was a session before
    if "client" in wanted:
        values["client"] = machine.client(timeout=test_serve.WAIT)
    try:
        test(**{each: values[each] for each in wanted})
    finally:
        if "client" in values:
            values["client"].close_line()


@pytest.fixture
def patience(monkeypatch):
    """Of a mutant: a sound server on a slow host has WAIT."""
    monkeypatch.setattr(test_serve, "WAIT", PATIENCE)


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("name, file, text, becomes, test", MUTANTS,
                         ids=ids(MUTANTS))
def test_mutant(tree, tmp_path, name, file, text, becomes,  # noqa: F811
                test):
    path = pathlib.Path(tree, file)
    good = path.read_text(encoding="utf-8")
    path.write_text(mutated(good, text, becomes), encoding="utf-8")
    try:
        kernel = build(tree, qemu.TESTS)
    finally:
        path.write_text(good, encoding="utf-8")
    machine = Guest(tmp_path, kernel=kernel).__enter__()  # it does boot
    with pytest.raises((AssertionError, OSError, pytest.fail.Exception)):
        try:
            check(test, machine)
        except BaseException as problem:
            machine.__exit__(type(problem))
            raise
        machine.__exit__(None)  # or has the log a panic?


@pytest.mark.parametrize("test", sorted({row[-1] for row in MUTANTS}))
def test_without_a_mutant(tmp_path, test):
    """Negative control: each test is passed, in the same way."""
    with Guest(tmp_path, kernel=qemu.TESTS) as machine:
        check(test, machine)
