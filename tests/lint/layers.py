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
    "arch/x86_64/": 2,
    "kernel/": 3,
    "arch/x86_64/patch/": 4,
    "trace/": 5,
    "trace/tracers/": 6,
    "trace/control/": 7,
    "trace/shell/": 8,
    "demo/": 9,
    "tests/": 9,
}

# The composition root may name everyone: it only orders them.
ROOTS = {"kernel/main.c"}

# Services of the kernel that architecture code may ask for.
SERVICES = {"kernel/base/printk.h", "kernel/base/panic.h",
            "kernel/base/spinlock.h",
            "kernel/base/page.h", "kernel/base/memmap.h",
            "kernel/base/console.h", "kernel/base/screen.h",
            "kernel/base/font8x16.h"}

# (who, what): why. `who` is a prefix.
EXCEPTIONS = {
    ("arch/x86_64/patch/ftrace", "trace/arch_ftrace.h"):
        "the seam it implements",
    ("arch/x86_64/asm-offsets.c", "kernel/sched.h"):
        "offsets of the task's fields for assembly",
    ("arch/x86_64/asm-offsets.c", "arch/x86_64/patch/ftrace_frame.h"):
        "offsets of a trampoline's frame for assembly",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<(asm/[^>]+)>)',
                     re.M)


def layer(path):
    prefix = max((p for p in LAYERS if path.startswith(p)), key=len,
                 default=None)
    return None if prefix is None else LAYERS[prefix]


def allowed(path, target):
    if path in ROOTS or layer(target) <= layer(path):
        return True
    if path.startswith("arch/x86_64/") and target in SERVICES:
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
