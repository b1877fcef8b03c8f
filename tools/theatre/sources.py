# SPDX-License-Identifier: MIT
"""Where a step is explained and written: a paragraph of a DESIGN.md, and a line
of the source. Both are found by their text, so neither can be out of date
without an error."""
import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
DESIGN = "arch/x86_64/patch/DESIGN.md"
ROOT_DESIGN = "DESIGN.md"
QUIESCE = "kernel/quiesce.c"
POOL = "arch/x86_64/patch/exec_pool.c"
LAB = "tests/lab/DESIGN.md"
STEPS = "arch/x86_64/patch/text_poke_steps.c"
WRITE = "arch/x86_64/patch/text_poke_write.c"
IPI = "arch/x86_64/cpu/ipi.c"
METHOD = "tests/lab/method.c"
LAB_WRITE = "tests/lab/write.c"

# Of a step, or of the n-th step of that name ("sync 2"): the DESIGN.md, how the
# paragraph begins; the source file, how the line begins.
PLACES = {
    "publish": (DESIGN, "*Why the new instruction.*",
                STEPS, "static void publish("),
    "int3": (DESIGN, "A batch takes three rounds", WRITE, "\tcase POKE_INT3:"),
    "sync 1": (DESIGN, "*First sync.*", IPI, "notrace void sync_core_all("),
    "sync 2": (DESIGN, "*Second sync.*", IPI, "notrace void sync_core_all("),
    "sync 3": (DESIGN, "*Third sync.*", IPI, "notrace void sync_core_all("),
    "tails": (DESIGN, "*Stores* go", WRITE,
              "static __always_inline void store_tail("),
    "first byte": (DESIGN, "*Stores* go", WRITE, "\tcase POKE_HEAD:"),
    "rewrite": (DESIGN, "*Stale translations.*", WRITE,
                "static __always_inline void compare("),
    "retire": (DESIGN, "`poke_int3_handler()` runs", STEPS,
               "static void retire("),
    "bytes": (LAB, "*Byte by byte.*", LAB_WRITE,
              "static notrace void store_rest("),
    "stop": (LAB, "*Stop.*", METHOD, "static void stop("),
    "resume": (LAB, "*Stop.*", METHOD, "static void resume("),
    "jmpself": (LAB, "*Jump to itself.*", LAB_WRITE, "#define JMP_SELF"),
    "tail 2..4": (LAB, "*Jump to itself.*", LAB_WRITE,
                  "static notrace void store_rest("),
    "wait for tasks": (ROOT_DESIGN, "4. **To add:", QUIESCE,
                       "void synchronize_tasks("),
    "free": (ROOT_DESIGN, "- I4 A trampoline", POOL, "void exec_free("),
    "bytes 0..1": (LAB, "*Jump to itself.*", LAB_WRITE,
                   "static notrace void store_pair("),
}


@functools.lru_cache(None)
def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def paragraph(path, begin):
    """The paragraph or list item that begins so, as one line of plain text."""
    found = re.search(rf"^(?:- )?{re.escape(begin)}(?:.+\n)+?(?=\n|- |\Z)",
                      text_of(path), re.MULTILINE)
    if not found:
        raise LookupError(f"{path} has no paragraph {begin!r}")
    words = re.sub(r"\s+", " ", found[0].removeprefix("- ")).strip()
    return re.sub(r"[*`]", "", words)


def line_of(path, begin):
    for nr, row in enumerate(text_of(path).splitlines(), 1):
        if row.startswith(begin):
            return nr
    raise LookupError(f"{path} has no line {begin!r}")


def of_step(name, nth):
    """{design, source, line} of the nth step of this name; {}: unknown."""
    place = PLACES.get(name) or PLACES.get(f"{name} {nth}")
    if not place:
        return {}
    design, begin, source, row = place
    paragraph(design, begin)
    return {"design": design, "source": source, "line": line_of(source, row)}
