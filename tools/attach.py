#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes this terminal the serial line of the machine that `make debug` runs.

    python3 tools/attach.py build/debug.log

Shows the log so far, then the new output; typed keys go to the kernel. Ctrl-]
leaves, and the machine goes on.
"""
import os
import pathlib
import select
import socket
import sys
import termios
import tty

LEAVE = b"\x1d"


def line_socket(log):
    """The path of the line's socket. It is relative, to be short: the name of a
    socket has at most 107 characters."""
    return os.path.relpath(pathlib.Path(log).with_suffix(".sock"))


def copy_both_ways(line, terminal):
    """Copies until the machine ends or the user types LEAVE."""
    while True:
        ready = select.select([line, terminal], [], [])[0]
        if line in ready:
            text = line.recv(65536)
            if not text:
                return
            os.write(sys.stdout.fileno(), text)
        if terminal in ready:
            keys = os.read(terminal, 1024)
            if not keys or LEAVE in keys:
                return
            line.sendall(keys)


def attach(log):
    try:
        line = socket.socket(socket.AF_UNIX)
        line.connect(line_socket(log))
    except OSError as error:
        sys.exit(f"attach.py: {log}: {error.strerror}; is `make debug` "
                 "running?")
    print("attach.py: Ctrl-] leaves, the machine goes on", flush=True)
    os.write(sys.stdout.fileno(), pathlib.Path(log).read_bytes())
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        mode = termios.tcgetattr(terminal)
        mode[1] = before[1]  # the kernel ends its lines by LF alone
        termios.tcsetattr(terminal, termios.TCSADRAIN, mode)
        copy_both_ways(line, terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        print()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: attach.py LOG (of make debug: build/debug.log)")
    if not sys.stdin.isatty():
        sys.exit("attach.py: needs a terminal")
    attach(sys.argv[1])


if __name__ == "__main__":
    main()
