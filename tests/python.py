# SPDX-License-Identifier: MIT
"""Which Python runs the scripts, and how: COMMAND, out of $PYTHON.

python3 -s -E -S python.py [-m MODULE | -c TEXT | FILE] ARGUMENT... runs what
follows as `python3` does, but with the packages of Debian alone: those of the
user and of /usr/local are not on the path, and no *.pth of theirs is read.
`.ci/run` starts Python so. Programs of our own start others with COMMAND, for
sys.executable alone would lose these options.
"""
import os
import runpy
import shlex
import sys
import types

COMMAND = shlex.split(os.environ.get("PYTHON", sys.executable))
DEBIAN = "/usr/lib/python3/dist-packages"


def execute(text, path, **names):
    """Compiles a program, and runs it as the module __main__."""
    sys.modules["__main__"] = module = types.ModuleType("__main__")
    module.__dict__.update(names)
    exec(compile(text, path, "exec"), module.__dict__)


def main(option, *arguments):
    sys.path[0:1] = []  # the folder of this file
    sys.path.append(DEBIAN)
    if option == "-c":
        sys.argv = ["-c", *arguments[1:]]
        sys.path.insert(0, "")
        execute(arguments[0], "<string>")
    elif option == "-m":
        sys.argv = list(arguments)
        sys.path.insert(0, os.getcwd())
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        path = os.path.abspath(option)
        sys.argv = [option, *arguments]
        sys.path.insert(0, os.path.dirname(path))
        with open(path, "rb") as file:
            execute(file.read(), path, __file__=path)


if __name__ == "__main__":
    if not sys.flags.no_site:
        sys.exit("python.py: start it with python3 -s -E -S")
    if len(sys.argv) < 2:
        sys.exit("usage: python.py [-m MODULE | -c TEXT | FILE] ARGUMENT...")
    main(*sys.argv[1:])
