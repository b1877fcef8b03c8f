# SPDX-License-Identifier: MIT
"""Who calls whom: the undefined symbols of each object against the layers.

layers.py sees what a file includes; a declaration typed by hand, or one in a
header of a lower layer, hides a call upwards from it. Here every reference that
the compiler left to the linker is looked up in the object that defines it. An
object refers to its own layer and lower ones. Upwards there are only UPCALLS,
each declared in a header of the layer that calls.
"""
import functools
import os
import pathlib
import subprocess

from tests.lint import layers

# symbol: (the header that declares it, why it is called from below)
UPCALLS = {
    "kernel_main": ("boot/boot_info.h", "the door: boot hands over"),
    "preempt_schedule": ("arch/x86_64/asm/context.h",
                         "preemption comes back on and a switch is due"),
    "preempt_schedule_irq": ("arch/x86_64/asm/upcalls.h",
                             "an interrupt ends and a switch is due"),
    "timer_tick": ("arch/x86_64/asm/upcalls.h", "the tick"),
    "secondary_prepare": ("arch/x86_64/asm/upcalls.h",
                          "a CPU about to start needs an idle task"),
    "secondary_main": ("arch/x86_64/asm/upcalls.h",
                       "a CPU that has started idles"),
    "smp_call_function_interrupt": ("arch/x86_64/asm/upcalls.h",
                                    "functions are queued for this CPU"),
    "panic_stop_cpu": ("arch/x86_64/asm/upcalls.h",
                       "a CPU that a panic stops reports where it is"),
    "ftrace_stub": ("trace/arch_ftrace.h", "the seam: what no ops calls"),
    "ftrace_return_to_handler": ("trace/arch_ftrace.h",
                                 "the seam: a hooked call returns"),
    "kprobe_site_table": ("trace/arch_kprobe.h",
                          "the seam: the probed sites"),
    "kprobe_busy": ("trace/arch_kprobe.h",
                    "the seam: the contexts in which handlers run"),
    "kprobe_contexts": ("trace/arch_kprobe.h", "the seam: and their probes"),
    "kprobe_site_general": ("trace/arch_kprobe.h",
                            "the seam: a site with several probes"),
    "kprobe_find": ("trace/arch_kprobe.h", "the seam: whose INT3 it is"),
    "kprobe_trap": ("trace/arch_kprobe.h", "the seam: a probe is hit"),
    "kprobe_post": ("trace/arch_kprobe.h",
                    "the seam: a probed instruction has been executed"),
    "fgraph_return_handler": ("trace/arch_ftrace.h",
                              "the seam: the handler of hooked returns"),
}


def symbols_of(paths):
    """{path: (defined, undefined)} of objects, by one run of nm."""
    done = subprocess.run(
        [os.environ.get("NM") or "nm", "-gpA", *map(str, paths)],
        capture_output=True, text=True, check=True)
    found = {path: (set(), set()) for path in paths}
    by_name = {str(path): found[path] for path in paths}
    for line in done.stdout.splitlines():
        path, _, rest = line.partition(":")
        *_, kind, name = rest.split()
        by_name[path][kind in "Uw"].add(name)
    return found


def symbols(path):
    """The global symbols that an object defines, and those it needs."""
    return symbols_of([path])[path]


def source_of(name):
    """The source that an object of the list was made of."""
    stem = name.removeprefix("obj/").removesuffix(".o")
    return stem if stem.endswith(".asm") else f"{stem}.c"


def check_objects(objects, upcalls):
    """objects: source -> (defined, undefined). Problems, and the up-calls that
    were needed."""
    owner = {name: path for path, (defined, _) in objects.items()
             for name in defined}
    problems, used = [], set()
    for path, (_, undefined) in objects.items():
        if path in layers.ROOTS:
            continue
        for name in sorted(undefined & owner.keys()):
            target = owner[name]
            if layers.layer(target) <= layers.layer(path):
                continue
            if name in upcalls:
                used.add(name)
            else:
                problems.append(
                    f"{path} (layer {layers.layer(path)}) refers to {name} of "
                    f"{target} (layer {layers.layer(target)})")
    return problems, used


@functools.cache
def read_objects(build, listed):
    """{source: (defined, undefined)} of the objects in a tuple of names."""
    found = symbols_of([build / name for name in listed])
    return {source_of(name): found[build / name] for name in listed}


def check():
    build = pathlib.Path(os.environ.get("BUILD", "build"))
    listed = tuple((build / "nop5-test.objects").read_text().split())
    problems, used = check_objects(read_objects(build, listed), UPCALLS)
    for name, (header, _) in UPCALLS.items():
        if name not in pathlib.Path(header).read_text(encoding="utf-8"):
            problems.append(f"symbols.py: {header} does not declare {name}")
        if name not in used:
            problems.append(f"symbols.py: the up-call {name} is not needed")
    return problems
