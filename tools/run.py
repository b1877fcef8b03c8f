#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots the kernel in QEMU and says whether it did what it was asked to.

Status 0: the guest left through isa-debug-exit with "all well" (QEMU's 33),
after exactly one boot banner and its closing line. Anything else, a triple
fault or a reset included, is a failure with a sentence on stderr.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

BANNER = b"nop5: a kernel you can trace while it runs"
ENDING = b"nop5: end of run"
PROMPT = b"nop5# "
OK, FAILED, PANIC = 33, 35, 37
# What QEMU traces when its user quits; a guest that resets is not traced.
SHUTDOWN, BY_USER = "qemu_system_shutdown_request", "reason=2"
# Where distributions keep the UEFI firmware.
FIRMWARE = ["/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF.fd",
            "/usr/share/edk2/x64/OVMF.4m.fd",
            "/usr/share/edk2/ovmf/OVMF_CODE.fd"]


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smp", default="4")
    parser.add_argument("--mem", default="256M")
    parser.add_argument("--accel", default="tcg")
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--firmware", default="bios",
                        choices=["bios", "uefi"])
    parser.add_argument("--iso", help="boot this image through GRUB")
    parser.add_argument("--kernel", help="boot this ELF file by PVH")
    parser.add_argument("--append", default="", help="with --kernel")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--interactive", action="store_true",
                        help="the serial line is this terminal; no timeout")
    parser.add_argument("--gdb", metavar="SCRIPT",
                        help="start stopped, under gdb with this script")
    parser.add_argument("qemu", nargs="*", help="more options for QEMU")
    return parser.parse_args()


def command(args, serial):
    cmd = ["qemu-system-x86_64", "-machine", "q35", "-accel", args.accel,
           "-cpu", args.cpu, "-smp", args.smp, "-m", args.mem,
           "-nodefaults", "-display", "none", "-no-reboot",
           "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
           "-serial", serial]
    if args.firmware == "uefi":
        found = [f for f in FIRMWARE if os.path.exists(f)]
        if not found:
            sys.exit("run.py: no UEFI firmware; looked for "
                     + ", ".join(FIRMWARE))
        cmd += ["-bios", found[0]]
    if args.iso:
        cmd += ["-cdrom", args.iso]
    if args.kernel:
        cmd += ["-kernel", args.kernel, "-append", args.append]
    return cmd + args.qemu


def verdict(status, log):
    """None, or the sentence that says what is wrong."""
    banners, endings = log.count(BANNER), log.count(ENDING)
    if status == PANIC:
        return "the kernel panicked, or could not start (status 37)"
    if status == FAILED:
        return "a test failed (status 35)"
    if banners == 0:
        return ("the kernel never said hello: it did not boot"
                f" (QEMU status {status})")
    if banners > 1:
        return f"the machine booted {banners} times: it reset itself"
    if status == 0:
        return "QEMU left with 0: triple fault, reset or power-off"
    if status != OK:
        return f"QEMU left with status {status}, not {OK}"
    if endings != 1:
        return f"status {OK}, but {endings} closing lines instead of one"
    return None


def run_batch(args, feed=None):
    """The log goes to stdout as it comes. feed(log so far, to the guest) is
    called for every piece of it; without it stdin is not used."""
    qemu = subprocess.Popen(command(args, "stdio"), stdout=subprocess.PIPE,
                            stdin=subprocess.PIPE if feed
                            else subprocess.DEVNULL)
    timed_out = []

    def stop():
        timed_out.append(True)
        qemu.kill()
    timer = threading.Timer(args.timeout, stop)
    timer.start()
    log = b""
    try:
        while chunk := os.read(qemu.stdout.fileno(), 65536):
            log += chunk
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            if feed:
                feed(log, qemu.stdin)
    finally:
        timer.cancel()
        if sys.exc_info()[0]:
            qemu.kill()
        status = qemu.wait()
    if timed_out:
        return f"no end after {args.timeout:g} s: the kernel hangs"
    return verdict(status, log)


def run_script(args):
    """Commands from stdin, one at each prompt, then "exit"."""
    lines = sys.stdin.buffer.readlines() if sys.stdin else []
    lines = [line.rstrip(b"\r\n") + b"\n" for line in lines] + [b"exit\n"]
    done = 0

    def feed(log, guest):
        nonlocal done
        if log.endswith(PROMPT) and log.count(PROMPT) > done < len(lines):
            guest.write(lines[done])
            guest.flush()
            done += 1
    return run_batch(args, feed)


def run_interactive(args):
    """A terminal; leave by the shell's exit or by Ctrl-A x."""
    if not sys.stdin or not sys.stdin.isatty():
        return run_script(args)
    with tempfile.TemporaryDirectory() as directory:
        trace = pathlib.Path(directory, "trace")
        args.qemu += ["-trace", SHUTDOWN, "-D", str(trace)]
        status = subprocess.call(command(args, "mon:stdio"))
        if status == 0 and f"{SHUTDOWN} {BY_USER}\n" in trace.read_text():
            return None
    return verdict(status, BANNER + ENDING)


def run_gdb(args):
    with tempfile.TemporaryDirectory() as directory:
        socket = os.path.join(directory, "gdb")
        log = os.path.join(directory, "serial")
        args.qemu += ["-S", "-gdb", f"unix:{socket},server=on,wait=off"]
        with subprocess.Popen(command(args, f"file:{log}"),
                              stdin=subprocess.DEVNULL,
                              start_new_session=True) as qemu:
            print(f"run.py: the serial line goes to {log}", flush=True)
            # ^C is for gdb: it stops the kernel.
            signal.signal(signal.SIGINT, lambda *_: None)
            for end in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(end, lambda *_: sys.exit(1))
            try:
                subprocess.call(["gdb", "-q", args.kernel,
                                 "-ex", f'set $socket = "{socket}"',
                                 "-x", args.gdb])
            except FileNotFoundError:
                return "there is no gdb"
            finally:
                qemu.kill()
    return None


def main():
    args = options()
    if args.gdb:
        problem = run_gdb(args)
    elif args.interactive:
        problem = run_interactive(args)
    else:
        problem = run_batch(args)
    if problem:
        sys.stdout.flush()
        sys.exit(f"run.py: {problem}")


if __name__ == "__main__":
    main()
