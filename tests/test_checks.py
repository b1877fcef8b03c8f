# SPDX-License-Identifier: MIT
# parts: test 2
"""Each check of tests/lint finds what it is there to find: a violation is
planted for every kind, and the same text without it passes."""
import subprocess

import pytest

from tests import (qemu, test_command_mutants, test_context_mutants,
                   test_entry_mutants, test_invariant_mutants,
                   test_patch_mutants, test_probe_mutants, test_serve_mutants,
                   test_trace_array_mutants, test_trace_mutants)
from tests.lint import (circles, cppcheck, docs, figures, format, headers,
                        invariants, layers, locks, reach, size, source,
                        symbols, text, walk, words)
from tests.mutants import mutated

FIXTURE = qemu.ROOT / "tests/lint/fixture"
RULES = reach.Rules({"_start": "the root"}, {}, {})


def build_fixture(directory, *defines):
    elf = directory / "fixture.elf"
    subprocess.run(
        ["gcc", "-O2", "-ffreestanding", "-nostdlib", "-static", "-fno-pic",
         "-no-pie", "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
         "-pg", "-mfentry", "-mrecord-mcount", "-mnop-mcount",
         "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments",
         f"-Wl,-T,{FIXTURE / 'reach.ld'}",
         *[f"-D{name}" for name in defines], "-o", elf, FIXTURE / "reach.c"],
        check=True)
    return elf


# I5, ME1: tests/lint/reach.py itself looks at the images.
def test_reach_accepts_the_clean_image(tmp_path):
    assert reach.check_images([build_fixture(tmp_path)], RULES) == []


@pytest.mark.parametrize("how", ["BY_TAIL_CALL", "IN_SWITCH"])
def test_reach_rejects_a_path_to_a_traceable_function(tmp_path, how):
    problems = reach.check_images([build_fixture(tmp_path, how)], RULES)
    assert len(problems) == 1
    assert "traceable is traceable; reached from the root" in problems[0]
    assert "_start -> " in problems[0]


def test_reach_follows_the_jump_that_a_static_key_hides(tmp_path):
    """In the image the site is a NOP, so the disassembly has no such edge."""
    elf = build_fixture(tmp_path, "BY_KEY")
    problems = reach.check_images([elf], RULES)
    assert [problem for problem in problems
            if "traceable is traceable; reached from the root" in problem]
    assert [problem for problem in problems
            if "branch tests a static key" in problem]
    assert len(problems) == 2
    image = reach.Image(elf)
    image.owner(image.symbols["branch"][0]).targets.clear()
    blind = reach.Proof(image, RULES)
    assert not [p for p in blind.run() if "is traceable" in p]


def test_reach_rejects_an_unlisted_indirect_call(tmp_path):
    elf = build_fixture(tmp_path, "BY_POINTER")
    problems = reach.check_images([elf], RULES)
    assert len(problems) == 1 and "indirect call" in problems[0]
    listed = reach.Rules(RULES.roots, {}, {"_start": (["innocent"], "why")})
    assert reach.check_images([elf], listed) == []
    wrong = reach.Rules(RULES.roots, {}, {"_start": (["traceable"], "why")})
    assert "is traceable" in reach.check_images([elf], wrong)[0]


def test_reach_finds_a_traceable_owner_in_the_table(tmp_path):
    """The targets are read from the image, so a planted entry is found."""
    rules = reach.Rules(RULES.roots, {},
                        {"_start": (reach.Table("owners"), "why")})
    elf = build_fixture(tmp_path, "BY_OWNER")
    assert reach.check_images([elf], rules) == []
    elf = build_fixture(tmp_path, "BY_OWNER", "TRACEABLE_OWNER")
    problems = reach.check_images([elf], rules)
    assert len(problems) == 1 and "traceable is traceable" in problems[0]


def test_reach_wants_no_rule_it_does_not_need(tmp_path):
    elf = build_fixture(tmp_path)
    for rules in (reach.Rules(RULES.roots, {"traceable": "why"}, {}),
                  reach.Rules(RULES.roots, {}, {"lookup": ([], "why")})):
        assert "not needed" in reach.check_images([elf], rules)[0]
    gone = reach.Rules({"no_such_thing": "a root"}, {}, {})
    assert "no symbol" in reach.check_images([elf], gone)[0]


def test_reach_looks_at_each_image(tmp_path):
    """A path in the second one alone is found; a rule may serve any of them."""
    elfs = []
    for how in ("BY_POINTER", "BY_TAIL_CALL"):
        (tmp_path / how).mkdir()
        elfs.append(build_fixture(tmp_path / how, how))
    rules = reach.Rules(RULES.roots, {"traceable": "why"},
                        {"_start": (["innocent"], "why")})
    assert reach.check_images(elfs, rules) == []
    problems = reach.check_images(elfs, reach.Rules(RULES.roots, {},
                                                    rules.indirect))
    assert len(problems) == 1 and "traceable is traceable" in problems[0]


def test_the_files_of_a_tree_without_git(tmp_path):
    """An unpacked archive is checked like a clone."""
    ours = [".ci/run", "Makefile", "trace/a.c", "trace/b.h"]
    others = [".git/c.c", ".pytest_cache/README.md", "trace/.#a.c",
              "built/deps-run.mk", "built/gen/d.c", "tests/__pycache__/e.c"]
    for name in ours + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert source.files("", root=tmp_path) == ours
    assert source.files(".c", "Makefile", root=tmp_path) == ours[1:3]


@pytest.mark.parametrize("path, line, ok", [
    ("kernel/lib/x.c", '#include "kernel/lib/list.h"', True),
    ("kernel/lib/x.c", '#include "kernel/base/printk.h"', False),
    ("kernel/lib/x.c", '#include <asm/cpu.h>', False),
    ("boot/x.c", '#include <asm/io.h>', True),
    ("boot/x.c", '#include "arch/x86_64/cpu/idt.h"', False),
    ("arch/x86_64/x.c", '#include "kernel/base/printk.h"', True),
    ("arch/x86_64/x.c", '#include "kernel/sched.h"', False),
    ("kernel/base/x.c", '#include "kernel/mutex.h"', False),
    ("kernel/base/x.c", '#include "arch/x86_64/cpu/traps.h"', False),
    ("arch/x86_64/patch/x.c", '#include "kernel/mutex.h"', True),
    ("arch/x86_64/patch/x.c", '#include "trace/arch_ftrace.h"', False),
    ("arch/x86_64/patch/ftrace.c", '#include "trace/arch_ftrace.h"', True),
    ("trace/x.c", '#include "arch/x86_64/patch/insn.h"', False),
    ("trace/probes/x.c", '#include "arch/x86_64/patch/insn.h"', False),
    ("trace/x.c", '#include <asm/ftrace_frame.h>', True),
    ("demo/x.c", '#include "arch/x86_64/patch/insn.h"', True),
    ("kernel/x.c", '#include "trace/core/ftrace.h"', False),
    ("kernel/main.c", '#include "trace/core/ftrace.h"', True),
    ("trace/x.c", '#include "trace/tracers/x.h"', False),
    ("trace/tracers/x.c", '#include "trace/shell/shell.h"', False),
    ("trace/control/x.c", '#include "trace/tracers/x.h"', True),
    ("kernel/x.c", '// #include "trace/core/ftrace.h"', True),
    ("kernel/x.c", '#include "printk.h"', False),
])
def test_layers(path, line, ok):
    assert (layers.check_text(path, f"{line}\n") == []) == ok


OBJECTS = {
    "kernel/base/a.c": ({"printk"}, {"memcpy", "up"}),
    "kernel/sched.c": ({"up", "schedule"}, {"printk"}),
    "kernel/main.c": ({"kernel_main"}, {"shell"}),
    "trace/shell/shell.c": ({"shell"}, {"schedule", "printk"}),
}


def test_symbols():
    upcalls = {"up": ("kernel/base/a.h", "reason")}
    assert symbols.check_objects(OBJECTS, upcalls) == ([], {"up"})
    (problem,), used = symbols.check_objects(OBJECTS, {})
    assert "kernel/base/a.c (layer 2) refers to up of kernel/sched.c" in problem
    assert not used


def test_symbols_of_an_object(tmp_path):
    """A declaration typed by hand, which no include shows, is seen."""
    source_file = tmp_path / "a.c"
    source_file.write_text("int up(void);\nint printk(void);\n"
                           "int printk(void) { return up(); }\n")
    subprocess.run(["gcc", "-c", "-o", tmp_path / "a.o", source_file],
                   check=True)
    defined, undefined = symbols.symbols(tmp_path / "a.o")
    assert "printk" in defined and "up" in undefined


def function(lines):
    return "int f(int a,\n      int b)\n{\n" + "\tg();\n" * lines + "}\n"


def test_size():
    assert list(size.check_text("kernel/x.c", function(40))) == []
    (problem, key), = size.check_text("kernel/x.c", function(41))
    assert "kernel/x.c:3: the body of f has 41 lines" in problem
    assert key == "kernel/x.c:f"
    test = function(41).replace("int f(int a,\n      int b)", "KTEST(a, b)")
    assert len(list(size.check_text("tests/kernel/x.c", test))) == 1
    assert list(size.check_text("x.asm", "\n" * 499)) == []
    assert len(list(size.check_text("x.asm", "\n" * 500))) == 1


SPDX = "/* SPDX-License-Identifier: MIT */\n"


@pytest.mark.parametrize("line, ok", [
    ("int x;", True),
    ("int x; ", False),
    ("x" * 80, True),
    ("x" * 81, False),
    ("\t" * 10 + "x", False),
    ("see /wo" + "rk/main/x", False),
    ("see ../work/main", True),
    ("/* TO" + "DO: more */", False),
])
def test_text(line, ok):
    assert (list(text.check_text("a.c", f"{SPDX}{line}\n")) == []) == ok


def test_text_form_of_the_file():
    assert "SPDX" in list(text.check_text("a.c", "int x;\n"))[0]
    assert "newline" in list(text.check_text("a.c", f"{SPDX}int x;"))[0]


def test_format(tmp_path):
    config = (qemu.ROOT / ".clang-format").read_text(encoding="utf-8")
    (tmp_path / ".clang-format").write_text(config)
    (tmp_path / "good.c").write_text("int f(void)\n{\n\treturn 0;\n}\n")
    (tmp_path / "bad.c").write_text("int f(void) {\n    return 0; }\n")
    assert format.check_files(["good.c"], tmp_path) == []
    assert "bad.c:1: " in format.check_files(["bad.c"], tmp_path)[0]


def test_headers(tmp_path):
    for name, body, ok in (("good.h", "#pragma once\nint f(void);\n", True),
                           ("open.h", "int f(void);\n", False),
                           ("poor.h", "#pragma once\nu32 f(void);\n", False)):
        (tmp_path / name).write_text(body)
        assert (headers.check_header(name, tmp_path) == []) == ok


@pytest.mark.parametrize("body, ok", [
    ("/* Legend: [F] ftrace_lock. */\nint a; /* [F] */\n", True),
    ("/* Legend: [F] ftrace_lock. */\nint a; /* [Z] */\n", False),
    ("int a; /* [Z] */\n", False),
    ("int a[4];\n/* says [Z] of something else */\n", True),
])
def test_locks(body, ok):
    assert (locks.check_text("a.h", body) == []) == ok


def test_docs():
    words, paths = {"sort"}, {"kernel/lib/sort.c", "trace/core/ftrace.c"}
    good = "`sort()` in `kernel/lib/sort.c` and `trace/core/ftrace.c`, `x`\n"
    assert list(docs.check_text("A.md", good, words, paths)) == []
    for bad in ("`gone()`", "`kernel/gone.c`"):
        assert len(list(docs.check_text("A.md", bad, words, paths))) == 1


def test_each_folder_has_a_paper():
    """Its own: one above it, or a README.md, is none."""
    paths = {"DESIGN.md", "README.md", "trace/DESIGN.md", "trace/ring/x.c",
             "tests/x/y.c", "tests/x/README.md", "e/notes.txt",
             "labs/01-a/lab.py", "labs/01-a/README.md", "labs/02-b/lab.py"}
    folders = docs.with_code(paths)
    assert docs.own_papers(folders, paths) == [
        "labs/02-b: code, but no labs/02-b/README.md",
        "tests/x: code, but no tests/x/DESIGN.md",
        "trace/ring: code, but no trace/ring/DESIGN.md"]
    assert not docs.own_papers({"trace"}, paths)


@pytest.mark.parametrize("text, problem", [
    ("`f()` does it\n" + "line\n" * 149, None),
    ("`f()` does it\n" + "line\n" * 150, "151 lines, at most 150"),
    ("It is done.\n", "names no function")])
def test_what_a_design_is(text, problem):
    path = "a/DESIGN.md"
    assert list(docs.check_design(path, text, {"a"})) == (
        [f"{path}: {problem}"] if problem else [])


def test_a_folder_without_code_has_no_function_to_name():
    assert not list(docs.check_design("a/DESIGN.md", "Ideas.\n", {"a/b"}))


def linked(*edges):
    """Objects that refer to each other: "a/x.c a/y.c" is one reference."""
    pairs = [edge.split() for edge in edges]
    return {path: ({path}, {b for a, b in pairs if a == path})
            for path in sum(pairs, [])}


RING = ("a/1.c a/2.c", "a/2.c a/3.c", "a/3.c a/4.c")


@pytest.mark.parametrize("edges, words", [
    (RING, None),
    ((*RING, "a/3.c a/1.c"), None),
    ((*RING, "a/4.c a/1.c"), "4 files in a circle: a/1.c, a/2.c, a/3.c, a/4.c"),
    ((*RING, "a/4.c b/1.c", "b/1.c a/1.c"), "folders in a circle: a, b"),
])
def test_circles(edges, words):
    graph = circles.references(linked(*edges), {})
    problems = list(circles.judge(graph, {}, {}))
    assert words in problems[0] if words else not problems


def test_circles_that_are_known():
    objects = linked(*RING, "a/4.c a/1.c", "a/4.c b/1.c", "b/1.c a/1.c")
    both = ({"a": (4, "why")}, {frozenset("ab"): "why"})
    graph = circles.references(objects, {})
    assert not list(circles.judge(graph, *both))
    assert any("4 files" in line for line in
               circles.judge(graph, {"a": (3, "why")}, both[1]))
    without = circles.references(objects, {"a/1.c": "an up-call"})
    assert all("no such circle" in line
               for line in circles.judge(without, *both))


@pytest.mark.parametrize("line, ok", [
    ("/* A CPU that arrives now traps. */", True),
    ("/* Traps; who comes first is trapped. */", False),
    ("/* Who owns the lock? */", True),
    ("/* The task is told. */", False),
    ('printk("Meanwhile, all is well");', False),
    ("int meanwhile, nobody;", True),
    ("/* Else, it fails. */", False),
])
def test_words(line, ok):
    assert (list(words.check_text("a.c", line + "\n")) == []) == ok


HEADS = {
    "trace/a.c": "/*\n * a.c - one.\n *\n * A1  It holds.\n * I1  See above.\n"
                 " */\nint a; /* A1 */\n",
    "trace/b.h": "/* SPDX */\n/*\n * Invariant B2: it holds, see A1.\n */\n",
}


@pytest.mark.parametrize("path, more, words", [
    ("trace/c.c", "/* of\n * B2 Another. */\n", "B2 has several meanings"),
    ("trace/c.c", "/* of\n * C3x\n * D3 New. */\n",
     "1 names are cited by no test: D3"),
    ("trace/c.c", "/* of\n * I2 Own. */\n", "trace/c.c: I2 is none of DESIGN"),
    ("trace/c.c", "int c; /* A2 */\n", "trace/c.c:1: A2 is nowhere defined"),
    ("trace/c.c", 'panic("Z1: broken");\n', "trace/c.c:1: Z1 is nowhere"),
])
def test_invariants(path, more, words):
    tests = {"tests/t.c": "KTEST(s, holds_A1)\n/* B2, I1, I2 */\n"}
    design = "- I1 All of it holds.\n"
    assert list(invariants.check_texts(HEADS, design, tests)) == []
    (problem, *_) = invariants.check_texts(HEADS | {path: more}, design, tests)
    assert words in problem


WAY = {
    "trace/a.c": """int start(struct ops *ops)
{
	struct request request = { .ops = ops };

	if (ops->flags)
		help(1, ops->filter);
	kmalloc(ops->size);
	plan(&request);
	count(nothing);
	return own(ops);
}

static int own(struct ops *ops)
{
	return 0;
}
""",
    "arch/b.c": "void help(int a, int b)\n{\n\tkmalloc(b);\n}\n",
    "trace/c.c": "int plan(struct request *r)\n{\n\treturn help(r, 1);\n}\n"
                 "void count(int n)\n{\n}\n",
    "kernel/base/slab.c": "void *kmalloc(int n)\n{\n\treturn 0;\n}\n",
}


def test_walk():
    """In the order of the text; the allocator and what gets no ops, not."""
    known = walk.functions(WAY)
    stays = walk.walk(known, ("start", "ops"))
    assert [path[-3] for path in stays] == ["a", "b", "c", "b", "a"]
    (problem,) = check_way(known, 3, 1)
    assert "3 files and 2 returns, at most 3 and 1" in problem
    assert check_way(known, 3, 2) == []
    assert check_way(known, 2, 2)


def check_way(known, *most):
    return walk.judge(walk.walk(known, ("start", "ops")), *most)


def test_figures():
    found = {"kernel/a.c": "/* of\n * two */\nint a; // one\n"
                           "int f(void)\n{\n\treturn 0;\n}\n",
             "boot/b.asm": "; one\nret ; two\n\n"}
    text = "\n".join(figures.lines(found))
    assert "code: 10 lines (boot/ 3, " in text
    assert "comments: 50.0 % of the lines" in text
    assert "longest body: f in kernel/a.c, 1 lines" in text


def test_cppcheck(tmp_path):
    (tmp_path / "good.c").write_text("int f(int *p) { return p ? *p : 0; }\n")
    (tmp_path / "bad.c").write_text(
        "int f(void) { int a[2] = { 0 }; return a[2]; }\n")
    assert cppcheck.check_files(["good.c"], tmp_path) == []
    assert "[arrayIndexOutOfBounds]" in cppcheck.check_files(
        ["bad.c"], tmp_path)[0]


def mutants():
    """(file, text) of each; those of a model lie in its folder."""
    for _, file, text, *_ in (test_entry_mutants.MUTANTS +
                              test_entry_mutants.CONCURRENT +
                              test_entry_mutants.COUNTED +
                              test_context_mutants.MUTANTS +
                              test_context_mutants.PULL +
                              test_patch_mutants.MUTANTS +
                              test_patch_mutants.INDEX +
                              test_probe_mutants.MUTANTS +
                              test_command_mutants.MUTANTS +
                              test_command_mutants.DELAYED +
                              test_command_mutants.COUNTED +
                              test_serve_mutants.MUTANTS +
                              test_trace_array_mutants.MUTANTS +
                              test_invariant_mutants.MUTANTS):
        yield file, text
    for where, changes in test_trace_mutants.MODELS.values():
        for _, file, text, _ in changes:
            if text:
                yield f"{where.rpartition('/')[0]}/{file}", text


@pytest.mark.parametrize("file, text", mutants())
def test_what_a_mutant_changes_is_there_once(file, text):  # noqa: F811
    """Known here before the slow tests, which are not in every list."""
    source = (qemu.ROOT / file).read_text(encoding="utf-8")
    assert mutated(source, text, "") != source
