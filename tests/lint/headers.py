# SPDX-License-Identifier: MIT
"""Each header compiles alone, and is guarded by #pragma once."""
import concurrent.futures
import os
import pathlib
import subprocess

from tests.lint import source

FLAGS = ["-std=gnu11", "-ffreestanding", "-mcmodel=kernel", "-fno-pic",
         "-mno-red-zone", "-mgeneral-regs-only", "-Wall", "-Wextra", "-Werror",
         "-Wno-unused-parameter", "-fsyntax-only", "-x", "c", os.devnull]
# Bodies of a list that its includer gives a meaning: once is not enough.
REPEATED = {
}


def check_header(path, root=source.ROOT):
    include = "tests/host" if path.startswith("tests/host/") else "."
    build = pathlib.Path(os.environ.get("BUILD", "build"))
    done = subprocess.run(
        ["gcc", "-I" + include, "-I.", "-Iarch/x86_64", f"-I{build}/gen",
         "-include", path, *FLAGS], cwd=root, stderr=subprocess.PIPE,
        text=True, check=False)
    if done.returncode:
        return [f"{path}: does not compile alone:\n{done.stderr.rstrip()}"]
    if "#pragma once" not in source.read(path, root) and path not in REPEATED:
        return [f"{path}: no #pragma once"]
    return []


def check():
    paths = [path for path in source.files(".h")
             if not path.startswith("tests/bench/linux/")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [p for found in pool.map(check_header, paths) for p in found]
