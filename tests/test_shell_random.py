# SPDX-License-Identifier: MIT
# parts: test 9
"""Random lines at the shell: nothing a person types may hang or crash it, and
a line of words, quotes and operators says what it says in sh.

Each line is made of commands, files of the tree, patterns, operators and
noise. After each, `check` compares every site with its subscribers. A failing
run is repeated with SEED=n; LINES=n types more of them (`make torture`).
"""
import os
import random
import re
import subprocess

import pexpect

from tests import qemu
from tests.test_sessions import PROMPT, Session

SEED = int(os.environ.get("SEED", "1"))
LINES = int(os.environ.get("LINES", "500"))

COMMANDS = ["cat", "echo", "ls", "head", "grep", "wc", "help", "ps", "disas",
            "stress", "sleep", "nosuch", "check", "true", "false", "tail",
            "sort", "uniq -c", "cut -f 1", "cd", "pwd", "mount", "dmesg",
            "clear", "reset", "sysctl", "ls -l", "grep -E", "grep -i"]
OPERATORS = ["|", ">", ">>", "<", ";", "&&", "||", "&", "#"]
WORDS = ["schedule", "mutex_*", "!mutex_*", "*lock*", "[st]*", "walk_tree",
         "1", "0", "17", "-1", "99999999999999999999", "function", "nop",
         "function_graph", "local", "counter", "print-parent", "noannotate",
         "sym-offset", "-n", "-3", "-v", "-c", "'a b'", '"', "'", "#", "!*",
         "!", "*", "?", "\\", "func_stack_trace", "ff", "x86-tsc",
         "nooverwrite", "overwrite", "latency-format", "nolatency-format",
         "pause-on-trace", "nopause-on-trace", "funcgraph-tail",
         "nofuncgraph-irqs", "funcgraph-irqs", "funcgraph-retval",
         "funcgraph-retval-hex", "nofuncgraph-duration", "funcgraph-proc",
         "funcgraph-abstime", "funcgraph-overrun", "nosleep-time"]
FILES = ["trace", "trace_pipe", "current_tracer", "set_ftrace_filter",
         "set_ftrace_notrace", "set_graph_function", "set_graph_notrace",
         "max_graph_depth", "tracing_on", "trace_marker", "trace_clock",
         "trace_options", "buffer_size_kb", "tracing_cpumask", "error_log",
         "set_ftrace_pid", "enabled_functions", "available_filter_functions",
         "per_cpu/cpu0/stats", "per_cpu/cpu1/trace", "per_cpu/cpu7/trace",
         "per_cpu", "events/ftrace/function/format", "README", "nosuch",
         "stack_trace", "stack_max_size", "saved_cmdlines", "/",
         "stack_tracer_enabled", "stack_trace_filter",
         "per_cpu/cpu0/trace_pipe", "per_cpu/cpu0/trace_pipe_raw",
         "per_cpu/cpu1/buffer_size_kb", "buffer_total_size_kb", "/dev/null",
         "per_cpu/cpu*/stats", "../per_cpu", "trace*", "$$",
         "/proc/sys/kernel/stack_tracer_enabled", "kernel.ftrace_enabled"]


def word(rng):
    kind = rng.random()
    if kind < 0.45:
        return rng.choice(WORDS)
    if kind < 0.9:
        return rng.choice(FILES)
    return "".join(chr(rng.randrange(33, 127)) for _ in range(rng.randrange(9)))


def safe(line):
    """No long sleep, no exit, not many busy threads, no huge buffer."""
    line = re.sub(r"\bsleep\b.*", "sleep 0.01", line)
    line = re.sub(r"\bstress +['\"]*(?!0\b)\S*", "stress 1", line)
    line = re.sub(r"\bexit\b", "help", line)
    if "buffer_size_kb" in line:
        line = re.sub(r"\d{4,}", "64", line)
    return line[:200]


def make_line(rng):
    if rng.random() < 0.5:
        line = (f"echo {word(rng)} {rng.choice(['>', '>>'])} "
                f"{rng.choice(FILES)}")
    else:
        line = " ".join([rng.choice(COMMANDS)] +
                        [word(rng) for _ in range(rng.randrange(4))])
    while rng.random() < 0.25:
        line += " " + rng.choice(OPERATORS) + " " + \
            rng.choice(COMMANDS + FILES)
    return safe(line)


def type_line(session, line):
    """To the next prompt; a stream is ended by a key as a person would."""
    session.settle()
    session.child.send(line + "\r")
    session.settled = False
    session.sound = False
    for _ in range(20):
        found = session.child.expect_exact([PROMPT, pexpect.TIMEOUT],
                                           timeout=1.5)
        if found == 0:
            session.sound = True
            return
        session.child.send("q\x03")
    raise AssertionError(f"no prompt after {line!r}")


def test_random_lines():
    rng = random.Random(SEED)
    session = Session(smp=2)
    for number in range(LINES):
        line = make_line(rng)
        try:
            type_line(session, line)
            state = session.send("check")
        except (pexpect.EOF, pexpect.TIMEOUT) as gone:
            raise AssertionError(f"SEED={SEED}: line {number}, {line!r}: the "
                                 f"kernel is gone") from gone
        assert re.match(r"\d+ sites, 0 differ$", state, re.MULTILINE), \
            f"SEED={SEED}: line {number}, {line!r}: {state}"
        assert "lists sound" in state, f"SEED={SEED}: {line!r}: {state}"
    session.send("stress 0")
    assert session.end() == qemu.OK


def plain_command(rng):
    """A command that this shell and sh both have."""
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(["true", "false"])
    if kind < 0.4:
        return "echo ab.c | " + rng.choice(
            ["cat", "grep -q b", "grep -c 'b\\.c'", r"grep -c a\.c", "wc -l",
             "grep x", "grep ^ab", "cat | cat", "echo x", "head -1",
             "tail -n 1", "sort", "uniq -c", "cut -d . -f 2", "grep -n b",
             "grep -i AB", "grep -E 'x|a+b'", "grep -A 1 b", "grep '[a-c]b'",
             "cat < /dev/null", "cat 2>/dev/null", "cut -d. -f1-",
             "cut -d x -f 2"])
    words = ["a", "'b c'", '"d  e"', "'#'", "f#g", r"\;", r"\&", r"'\.'",
             r'"\."', r'"\\"', r'"\$x"', "x$", "''", '""', r"h\ i", "'|'",
             '"&&"', r"\'", "j'k'\"l\"m", r"\#", "for", "a=b", "!", "{"]
    return " ".join(["echo"] + rng.choices(words, k=rng.randrange(4)))


def plain_line(rng):
    line = plain_command(rng)
    while rng.random() < 0.6:
        line += rng.choice([" ; ", ";", " && ", "&&", " || ", "||"])
        if rng.random() < 0.95:  # else an operator that may stand alone
            line += plain_command(rng)
    return line + rng.choice(["", "", ";", " # echo x", ";#y", " &&", "'"])


def test_as_sh_does():
    """sh is the judge: what it prints, and which lines it refuses whole."""
    rng = random.Random(SEED)
    session = Session(smp=1)
    refused = 0
    for _ in range(LINES // 2):
        line = plain_line(rng)
        if len(line) > 1023:
            continue
        sh = subprocess.run(["/bin/sh", "-c", line], capture_output=True,
                            text=True, stdin=subprocess.DEVNULL, check=False)
        ours = re.sub("^.*: command not found\n", "", session.send(line),
                      flags=re.MULTILINE)
        if "Syntax error" in sh.stderr or "Unterminated" in sh.stderr:
            refused += 1
            assert ours.startswith("shell: syntax error: "), (line, ours)
        else:
            assert ours == sh.stdout, (line, ours)
    assert refused > LINES // 50
    assert session.end() == qemu.OK


FILTERS = ["sort", "sort -r", "sort -n", "sort -rn", "sort -u", "sort -nu",
           "uniq", "uniq -c", "tail -n 4", "tail -1", "tail -n 0", "tail -n +3",
           "tail -n +0", "head -n 40",
           "head -3", "grep -c a", "grep -n -A 1 lock", "grep -v _", "wc -l",
           "cut -f 1 -d _", "cut -d _ -f 2-", "cut -f 1,3 -d e", "cut -f 2",
           "grep -i MUTEX", "grep -E '^(k|s)[a-m]+_?'", "grep '[[:digit:]]'",
           "grep -A 2 -E 'alloc|free'", "grep -q x", "grep 'o\\+k$'"]


# Of several files.
OF_FILES = ["grep -c a", "grep -n -A 1 lock", "grep -v _", "grep -A 2 -E 'o|x'",
            "sort", "cut -f 1 -d _", "cat"]


def test_filters_do_as_gnus(tmp_path):
    """Chains of filters over files of many lines, against the host's."""
    rng = random.Random(SEED)
    session = Session(smp=1)
    for name in ("available_filter_functions", "README", "trace_options"):
        path = tmp_path / name
        path.write_text(session.send(f"cat {name}"), encoding="utf-8")
        assert len(path.read_text().splitlines()) > 10
    for _ in range(LINES // 4):
        name = rng.choice(["available_filter_functions", "README",
                           "trace_options"])
        line = (f"cat {name} | " if rng.random() < 0.7 else
                f"{rng.choice(OF_FILES)} {name} trace_options | ")
        line += " | ".join(rng.choices(FILTERS, k=rng.randrange(1, 4)))
        host = subprocess.run(["/bin/sh", "-c", line], capture_output=True,
                              text=True, check=False, cwd=tmp_path,
                              env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
        assert session.send(line) == host.stdout, line
    assert session.end() == qemu.OK
