# SPDX-License-Identifier: MIT
"""cppcheck has nothing to say, but for what is listed here with a reason."""
import os
import pathlib
import subprocess

from tests.lint import source

# id, or id:path: why it is wrong here.
SUPPRESSED = {
    "missingInclude": "the compiler's own headers are not looked at",
    "missingIncludeSystem": "the same",
    "comparePointers": "marks of the linker script are bytes of one image",
    "nullPointer": "typeof(((type *)0)->member) in container_of()",
    "va_end_missing:kernel/base/panic.c": "it does not return",
    "unmatchedSuppression": "a file may come and go",
}

ENABLED = "warning,performance,portability"


def check_files(paths, root=source.ROOT):
    cache = pathlib.Path(os.environ.get("BUILD", "build"), "cppcheck")
    cache = cache if cache.is_absolute() else root / cache
    cache.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["cppcheck", "--quiet", "--std=c11", "--language=c", "-j2",
         "--platform=unix64", f"--enable={ENABLED}", "--inline-suppr",
         f"--cppcheck-build-dir={cache}", "-I.", "-Iarch/x86_64",
         "-D__x86_64__", "-D__GNUC__=12",
         *[f"--suppress={what}" for what in SUPPRESSED],
         "--template={file}:{line}: {severity}: {message} [{id}]", *paths],
        cwd=root, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        check=False)
    return [line for line in done.stderr.splitlines() if "[" in line]


def check():
    return check_files([path for path in source.files(".c")
                        if not path.startswith("tests/")])
