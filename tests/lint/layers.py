# SPDX-License-Identifier: MIT
"""Who may include whom.

A file includes its own layer and lower ones; everything else is in the tables
here, with its reason.
"""
import re

from tests.lint import source

# The longest matching prefix counts.
LAYERS = {
    "kernel/lib/": 0,
    "boot/": 1,
    "arch/x86_64/asm/": 1,  # CPU primitives, without a line of policy
    "kernel/base/": 2,
    "arch/x86_64/": 3,
    "kernel/": 4,
    "arch/x86_64/patch/": 5,
    "trace/": 6,
    "trace/tracers/": 7,
    "trace/probes/": 7,
    "trace/control/": 8,
    "trace/shell/": 9,
    "trace/serve/": 9,
    "demo/": 10,
    "labs/": 10,  # examples to begin from
    "tests/": 11,
    "tools/tracefs/": -1,  # a program of the host: nothing of the kernel
}

# The composition root may name everyone: it only orders them.
ROOTS = {"kernel/main.c"}

# Lower, but behind the seam: what `who` needs of it, the seam declares.
BEHIND_SEAM = ("trace/", "arch/x86_64/patch/")

# (who, what): why. `who` is a prefix.
EXCEPTIONS = {
    ("arch/x86_64/patch/ftrace", "trace/arch_ftrace.h"):
        "the seam it implements",
    ("arch/x86_64/patch/kprobe", "trace/arch_kprobe.h"):
        "the seam it implements",
    ("arch/x86_64/patch/ftrace", "trace/arch_kprobe.h"):
        "the trampoline of probes has a frame, too",
    ("arch/x86_64/asm-offsets.c", "trace/arch_kprobe.h"):
        "offsets of a probed site for assembly",
    ("arch/x86_64/asm-offsets.c", "kernel/sched.h"):
        "offsets of the task's fields for assembly",
    ("arch/x86_64/patch/text_poke_", "trace/arch_patch_events.h"):
        "the seam: the events of the patch engine",
    ("arch/x86_64/patch/tracepoints.c", "trace/arch_patch_events.h"):
        "the seam: they are defined there",
    ("arch/x86_64/patch/tracepoints.c", "trace/arch_patch.def"):
        "the seam: their tracepoints",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<(asm/[^>]+)>)',
                     re.M)


def layer(path):
    prefix = max((p for p in LAYERS if path.startswith(p)), key=len,
                 default=None)
    return None if prefix is None else LAYERS[prefix]


def behind_seam(path, target):
    who, behind = BEHIND_SEAM
    return path.startswith(who) and target.startswith(behind)


def allowed(path, target):
    if path in ROOTS or layer(target) <= layer(path):
        return True
    return any(path.startswith(who) and target == what
               for who, what in EXCEPTIONS)


def check_text(path, text):
    problems = []
    for match in INCLUDE.finditer(source.without_comments(text)):
        line = text.count("\n", 0, match.start()) + 1
        target = match[1] or f"arch/x86_64/{match[2]}"
        where = f"{path}:{line}: "
        if target.endswith(".inc") or "/" not in target:
            problems.append(f"{where}an include names its layer: {target}")
        elif layer(path) is None or layer(target) is None:
            problems.append(f"{where}{target}: no layer for one of the two")
        elif behind_seam(path, target):
            problems.append(f"{where}{target} is behind the seam: "
                            "trace/arch_*.h")
        elif not allowed(path, target):
            problems.append(f"{where}layer {layer(path)} includes {target} of "
                            f"layer {layer(target)}")
    return problems


def check():
    problems, used = [], set()
    for path in source.files(".c", ".h"):
        if path.startswith("tests/bench/linux/"):  # a module for Linux
            continue
        text = source.read(path)
        problems += check_text(path, text)
        used |= {(who, what) for who, what in EXCEPTIONS
                 if path.startswith(who) and f'"{what}"' in text}
    problems += [f"layers.py: the exception {pair} is not needed"
                 for pair in sorted(set(EXCEPTIONS) - used)]
    return problems
