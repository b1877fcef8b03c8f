#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes this terminal the serial line of the machine that `make debug` runs.

    python3 tools/attach.py build/debug.log

Shows the log that is kept there, then what comes; what is typed goes to the
kernel. Ctrl-] leaves, the machine goes on.
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
    """Where the line can be typed at. As short as can be: the name of a socket
    has 107 characters at most."""
    return os.path.relpath(pathlib.Path(log).with_suffix(".sock"))


def copy_both_ways(line, terminal):
    """Until the machine is gone, or LEAVE is typed."""
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
        mode[1] = before[1]  # what comes ends its lines by LF alone
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
