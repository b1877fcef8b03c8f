# SPDX-License-Identifier: MIT
# parts: test-all 26
"""The demo for a class: lines for scripts that hold what was checked, and a
demo that waits for Enter between its steps."""
import re
import subprocess

import pytest

from tests import qemu
from tests.python import COMMAND as PYTHON

ACTS = ["machine", "patch", "consumers", "list", "direct", "graph",
        "instances", "key", "probe"]


def results(log):
    """{act: {key: value}} of the RESULT lines."""
    return {act: dict(pair.split("=") for pair in rest.split())
            for act, rest in re.findall(r"^RESULT act=(\w+) (.*)$", log,
                                        re.MULTILINE)}


@pytest.mark.parametrize("smp", [1, 4])
def test_each_act_has_its_result(smp):
    """DL1: calls are counted exactly while the gate is closed."""
    log = qemu.Machine(kernel=qemu.SHIPPED, smp=smp).boot().ok().log
    found = results(log)
    assert set(ACTS) <= set(found)
    assert found["machine"]["cpus"] == str(smp)
    assert found["patch"]["calls"] == found["patch"]["counted"]
    assert found["direct"]["new_missed"] == "0"
    assert int(found["direct"]["old_missed"]) > 0
    assert int(found["list"]["list_per_chain_x10"]) > 10
    calls, seen = (int(found["list"][key]) for key in ("calls", "seen"))
    assert seen == 2 * calls
    # What the lines say is what the acts print.
    made = re.search(r"calls made +([\d,]+)", log)[1].replace(",", "")
    assert made == found["patch"]["calls"]
    assert f"called {'on the only CPU' if smp == 1 else 'on 4 CPUs'} all" \
        in log


def test_the_displacement_is_computed_as_the_manual_says():
    """SDM 2A, CALL rel32: relative to the next instruction."""
    log = qemu.Machine(kernel=qemu.SHIPPED, smp=1).boot().ok().log
    target, end, rel32, tail = re.search(
        r"rel32 = target - end of the call = (\w+) - (\w+) = (\w+), low byte "
        r"first: ([\da-f ]{11})", log).groups()
    assert (int(target, 16) - int(end, 16)) & 0xffffffff == int(rel32, 16)
    assert int(rel32, 16).to_bytes(4, "little").hex(" ") == tail
    assert f"after        e8 {tail}   call demo_first" in log


NOP = "0f 1f 44 00 00"


def branch_offset():
    """Where the static branch of demo_branch() is, by the image alone: its
    second nop of five bytes; the first one is the call site."""
    text = subprocess.run(["objdump", "-d", "--disassemble=demo_branch",
                           str(qemu.SHIPPED)], cwd=qemu.ROOT, text=True,
                          stdout=subprocess.PIPE, check=True).stdout
    start = int(re.search(r"^(\w+) <demo_branch>:", text, re.MULTILINE)[1], 16)
    nops = re.findall(rf"^\s*(\w+):\s+{NOP} ", text, re.MULTILINE)
    assert len(nops) == 2
    return int(nops[1], 16) - start


def act(log, title):
    return log.partition(f"=== {title} ===\n")[2].partition("\n=== ")[0]


@pytest.mark.parametrize("smp", [1, 8])
def test_a_key_is_flipped(smp):
    log = qemu.Machine(kernel=qemu.SHIPPED, smp=smp).boot().ok().log
    text = act(log, "a key is flipped")
    rows = re.findall(r"^    (before|during|after|) +((?:\w\w ){5})  (\w+).*"
                      r"(takes the branch|goes straight on)$", text,
                      re.MULTILINE)
    # SDM 2A, JMP rel32: from the next instruction.
    to = int(re.search(r"jmp demo_branch\+(0x\w+)/", text)[1], 16)
    tail = (to - branch_offset() - 5).to_bytes(4, "little").hex(" ")
    jump, old = f"e9 {tail} ", f"{NOP} "
    on, off = "takes the branch", "goes straight on"
    assert rows == [
        ("before", old, "nop", off), ("during", f"cc{old[2:]}", "INT3", on),
        ("", f"cc{jump[2:]}", "INT3", on), ("after", jump, "jmp", on),
        ("before", jump, "jmp", on), ("during", f"cc{jump[2:]}", "INT3", off),
        ("", f"cc{old[2:]}", "INT3", off), ("after", old, "nop", off)]
    check_strip(text, smp)


def check_strip(text, smp):
    """A row per CPU, a letter per task, and no task on another's CPU."""
    strip = re.findall(r"^    cpu(\d+) +\|(.*)\|$", text, re.MULTILINE)
    assert [int(cpu) for cpu, _ in strip] == list(range(smp))
    assert all(len(row) == 64 for _, row in strip)
    legend = dict(re.findall(r"(?<=  )(\S) ([a-z]\S*)(?=  |$)",
                             text.partition("middle:\n")[2], re.MULTILINE))
    assert legend["."] == "idle"
    names = set(legend.values())
    assert len(names) == len(legend)
    for cpu, row in strip:
        assert {f"long/{cpu}", f"short/{cpu}"} <= names
        for name in {legend[letter] for letter in row.replace(" ", "")}:
            assert name in ("idle", "init") or name.endswith(f"/{cpu}")
    assert any("long/" in legend[letter] for _, row in strip for letter in row)
    found = results(text)["key"]
    assert found["cpus"] == str(smp)
    assert int(found["tasks"]) == len(legend) - 1
    # Each task came and went at least once.
    assert int(found["switches"]) >= 2 * 2 * smp


@pytest.mark.parametrize("smp", [1, 8])
def test_four_visitors_of_one_function(smp):
    log = qemu.Machine(kernel=qemu.SHIPPED, smp=smp).boot().ok().log
    text = act(log, "a tracer and three probes on one function")
    found = results(text)["probe"]
    calls = int(found["calls"])
    # They come one by one, and each sees the calls from then on.
    assert calls > 0 and [int(found[key]) for key in (
        "tracer", "entry", "middle", "return", "wrong")] == [
            4 * calls, 3 * calls, 2 * calls, calls, 0]
    rows = re.findall(r"^    ([a-z+ ]{12}) ((?:\w\w ){5})  (\w+)", text,
                      re.MULTILINE)
    sites = [(label.strip(), code.split()[0], what)
             for label, code, what in rows if label.strip()]
    assert sites == [
        ("untraced", "0f", "nop"), ("tracer", "e8", "call"),
        ("+ entry", "e8", "call"), ("+ middle", "e8", "call"),
        ("+ return", "e8", "call"), ("all gone", "0f", "nop")]
    middles = [code.split() for label, code, _ in rows if not label.strip()]
    original = middles[0]
    assert original[0] != "cc"
    assert middles == 3 * [original] + 2 * [["cc", *original[1:]]]
    listed = re.findall(r"^(\w{16})  ([kr])  demo_tripled\+(\w+) +(\S*)$",
                        text, re.MULTILINE)
    start = int(listed[0][0], 16)
    assert [(int(at, 16) - start, *rest) for at, *rest in listed] == [
        (0, "k", "0x0", "[FTRACE]"), (5, "k", "0x5", ""),
        (0, "r", "0x0", "[FTRACE]")]
    assert "demo_step() has the bytes that it had" in text


def run(append, lines):
    done = subprocess.run(
        [*PYTHON, "tools/run.py", "--smp", "2", "--kernel",
         str(qemu.SHIPPED), "--append", append, "--interactive",
         "--timeout", "60"], input=lines, cwd=qemu.ROOT, text=True,
        stdout=subprocess.PIPE, check=False)
    return done.returncode, done.stdout


def test_step_by_step():
    status, log = run("mode=demo step=on", "")
    stops = re.findall(r"^ +\(Enter: (.*)\)$", log, re.MULTILINE)
    assert status == 0
    assert stops.count("begins the act") == len(re.findall("^=== ", log, re.M))
    steps = ["publish", "int3", "sync", "tails", "sync", "first byte", "sync",
             "rewrite", "retire"]
    first = stops.index("publish")
    assert stops[first:first + len(steps)] == steps
    # The bytes at each stop: NOP, INT3 with the old tail, with the new one.
    shown = re.findall(r"^    now +((?:\w\w ){5}).*\n +\(Enter: (.*)\)$", log,
                       re.MULTILINE)
    by = {next_step: row.split() for row, next_step in shown}
    assert by["publish"] == by["int3"] == "0f 1f 44 00 00".split()
    assert by["tails"] == "cc 1f 44 00 00".split()
    assert by["first byte"][0] == "cc" and by["first byte"][1:] == \
        by["rewrite"][1:]
    assert by["rewrite"][0] == by["retire"][0] == "e8"


def test_ctrl_c_ends_the_waits():
    status, log = run("mode=demo step=on", "\x03")
    assert status == 0
    assert log.count("(Enter: ") == 1
    assert set(ACTS) <= set(results(log))


BENCH = qemu.ROOT / "tests/bench"


def recorded(name):
    """{row: figure} of a file of tests/bench, the last line of each row; a
    call's above that of an untraced function."""
    lines = [line.split("\t") for line in
             (BENCH / name).read_text("utf-8").splitlines() if line[0] != "#"]
    found = {row: float(figure) for row, figure, *_ in lines}
    return {row: figure - row.startswith("call.") * found["call.nop_site"]
            for row, figure in found.items()}


# What an act says: its title, the sentence, and the row of each figure.
QUOTED = [
    ("a function is patched while all CPUs run through it",
     r"Linux makes N for them\. Registering a callback on one function takes N "
     r"instructions; on Linux N:", "patch.rounds.5000/Linux",
     "patch.enable_one", "patch.enable_one/Linux"),
    ("one site with 0, 1, 2, 1, 0 consumers",
     r"for this pair: N instructions for a call; Linux walks its list of all "
     r"callbacks: N\.", "call.ops2", "call.ops2/Linux"),
    ("the same site served by the list function",
     r"chain N, list N; Linux has no chains, and its list takes N\.",
     "call.ops2", "call.list2", "call.list2/Linux"),
    ("a direct caller is exchanged without a missed call",
     r"exchanges 1,000 functions, each takes N instructions; on Linux N\.",
     "patch.exchange.per_site", "patch.exchange.per_site/Linux"),
    ("an errand, drawn by function_graph",
     r"two events of a call take N instructions; on Linux N\.",
     "call.graph_ring", "call.graph_ring/Linux"),
    ("a key is flipped",
     r"call site: N instructions for one branch; on Linux N\.",
     "keys.flip.1", "keys.flip.1/Linux"),
    ("a key is flipped", r"event that is on takes N instructions, on Linux N\.",
     "event.enabled", "event.enabled/Linux"),
    ("a tracer and three probes on one function",
     r"entry N, middle N, return N; on Linux N, N, N\.",
     "call.kprobe_ftrace", "call.kprobe_int3", "call.kretprobe",
     "call.kprobe_ftrace/Linux", "call.kprobe_int3/Linux",
     "call.kretprobe/Linux"),
]
WITHOUT_A_COST = {"the machine", "two instances, two questions"}


@pytest.fixture(name="log", scope="module")
def fixture_log():
    return qemu.Machine(kernel=qemu.SHIPPED, smp=1).boot().ok().log


def test_each_act_that_measures_a_cost_says_what_linux_pays(log):
    """With the figures that the benchmarks have recorded."""
    figures = {**recorded("history.tsv"), **{
        f"{row}/Linux": figure
        for row, figure in recorded("linux/figures.tsv").items()}}
    assert figures["patch.rounds.5000"] == 3, "the act says: the same three"
    for title, sentence, *rows in QUOTED:
        text = re.sub(r"\s+", " ", act(log, title))
        found = re.search(sentence.replace("N", r"(\d[\d,]*)"), text)
        assert found, f"{title}: {sentence}"
        assert [int(figure.replace(",", "")) for figure in found.groups()] == [
            int(figures[row] + 0.5) for row in rows], title
    assert set(re.findall(r"^=== (.*) ===$", log, re.MULTILINE)) == \
        {title for title, *_ in QUOTED} | WITHOUT_A_COST


PATCH = "a function is patched while all CPUs run through it"
CONSUMERS = "one site with 0, 1, 2, 1, 0 consumers"
DIRECT = "a direct caller is exchanged without a missed call"
GRAPH = "an errand, drawn by function_graph"


# What a student asks, and where the log answers.
@pytest.mark.parametrize("title, question, answer", [
    (PATCH, "why INT3 and not one store", "Five bytes cannot change at once"),
    (PATCH, "why the new call", "the old one is on its way out"),
    (PATCH, "what is a sync", "makes every CPU forget the bytes"),
    (PATCH, "how rel32 comes about", "rel32 = target - end of the call ="),
    (PATCH, "what the columns are", "a step ends at +, and took; a sync: when"),
    (PATCH, "what publish is", "publish: the INT3 handler learns the site"),
    (PATCH, "what rewrite is", "rewrite: first bytes again"),
    (PATCH, "what retire is", "retire: handlers that still use the batch"),
    (PATCH, "why so long", "An emulator's CPU answers late"),
    (CONSUMERS, "who Ann and Bob are", "Ann and Bob are two callbacks"),
    (CONSUMERS, "what M is", "(M: once had a callback)"),
    (DIRECT, "why calls are missed", "the site is a nop between the two calls"),
    (DIRECT, "what calls directly", "as a BPF program or a live patch does"),
    (GRAPH, "what + ! # mean", "+ took longer than 10 us, ! 100 us, # 1000 us"),
    (GRAPH, "what the return has to do with it",
     "puts its own address in place of the return address"),
    (None, "what is as built", "code and constants have the checksums of the "
     "build"),
    (None, "what has no conflict", "executable, none of it writable"),
])
def test_a_question_has_its_answer(log, title, question, answer):
    text = act(log, title) if title else log.partition("\n=== ")[0]
    assert answer in re.sub(r"\s+", " ", text), question


def test_the_errand_is_drawn_to_its_end(log):
    drawn = re.findall(r"\|  (\S.*)$", act(log, GRAPH), re.MULTILINE)
    assert drawn[0] == "demo_errand() {" and drawn[-1] == "}"
