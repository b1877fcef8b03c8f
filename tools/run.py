#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots the kernel in QEMU and judges how the run ended.

Status 0: the guest exited through isa-debug-exit with success (QEMU's 33),
after exactly one boot banner and its closing line. 35, 37 or 39, as from QEMU:
a test or the mode failed, the kernel panicked, or it refused its command line.
With --boots N the machine may reset itself: exactly N banners are expected.
130: ^C. 1: any other end, including a triple fault, a reset or no boot at all.
Every failure prints one sentence on stderr.
"""
import argparse
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

BANNER = b"nop5: a kernel you can trace while it runs"
ENDING = b"nop5: end of run"
# Where the guest waits for a line: the shell, and a step of `patch ... step`.
PROMPT = re.compile(rb"nop5# |\(Enter: [^)]+\)\r?\n")
OK, FAILED, PANIC, REFUSED = 33, 35, 37, 39
CPUS = 64  # NR_CPUS of the kernel
# The least memory in MiB for the demo; the firmware needs more than the kernel.
LEAST_MEMORY = {"bios": 16, "uefi": 64}
# QEMU's escape key. Its default, Ctrl-A, is a key of the shell's line editor.
ESCAPE, ESCAPE_KEY = "0x1d", "Ctrl-]"
# QEMU's trace event when the user quits; a reset of the guest gives none.
SHUTDOWN, BY_USER = "qemu_system_shutdown_request", "reason=2"
# The paths of the UEFI firmware in several distributions.
FIRMWARE = ["/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF.fd",
            "/usr/share/edk2/x64/OVMF.4m.fd",
            "/usr/share/edk2/ovmf/OVMF_CODE.fd"]


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smp", default="4")
    parser.add_argument("--mem", default="256M")
    parser.add_argument("--accel", default="tcg")
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--firmware", default="bios", help="or uefi")
    parser.add_argument("--iso", help="boot this image through GRUB")
    parser.add_argument("--kernel", help="boot this ELF file by PVH")
    parser.add_argument("--append", default="", help="with --kernel")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--boots", type=int, default=1, metavar="N",
                        help="the machine resets itself N - 1 times; no more "
                        "and no less is a failure (not on a terminal)")
    parser.add_argument("--memory-file", metavar="FILE",
                        help="the machine's memory: made if it is not there, "
                        "and kept, so that the next run finds it")
    parser.add_argument("--interactive", action="store_true",
                        help="the serial line is this terminal; no timeout")
    parser.add_argument("--gdb", metavar="SCRIPT",
                        help="start stopped, under gdb with this script")
    parser.add_argument("--log", help="with --gdb, or --interactive at a "
                        "terminal: the serial line is also kept here")
    parser.add_argument("--tracefs", metavar="SOCKET",
                        help="serve the control tree there (the kernel needs "
                        "the word tracefs=on)")
    parser.add_argument("--tracefs-line", default="virtio",
                        choices=["virtio", "com2"])
    parser.add_argument("qemu", nargs="*", help="more options for QEMU")
    return parser.parse_args()


def boots_of(args):
    """The number of boots; other programs that use this file have no such
    option."""
    return getattr(args, "boots", 1)


def megabytes(text):
    """The size given to QEMU's -m in MiB; None if it is not a size."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([bkmgt]?)", text.lower())
    return match and float(match[1]) * 1024.0 ** (
        "bkmgt".index(match[2] or "m") - 2)


def refusal(args):
    """None, or a sentence about an invalid option."""
    if not args.smp.isdecimal() or not 1 <= int(args.smp) <= CPUS:
        return f"SMP={args.smp}: a number of CPUs from 1 to {CPUS}"
    if args.firmware not in LEAST_MEMORY:
        return f"FIRMWARE={args.firmware}: bios or uefi"
    size, least = megabytes(args.mem), LEAST_MEMORY[args.firmware]
    if boots_of(args) < 1:
        return f"--boots {args.boots}: a number of boots from 1 on"
    if size is None:
        return f"MEM={args.mem}: a size of memory, as 256M or 2G"
    if size < least:
        return (f"MEM={args.mem}: too little, nop5 wants {least}M "
                f"with FIRMWARE={args.firmware}")
    return None


def tracefs_options(path, line="virtio"):
    """QEMU's options for the guest's file server on a UNIX socket at path. For
    com2 they stand behind those of COM1."""
    chardev = ["-chardev",
               f"socket,id=tracefs,path={path},server=on,wait=off"]
    if line == "com2":
        return chardev + ["-serial", "chardev:tracefs"]
    return chardev + ["-device", "virtio-serial-pci,id=tracefs-bus",
                      "-device", "virtserialport,bus=tracefs-bus.0,nr=1,"
                      "chardev=tracefs,name=nop5.tracefs"]


def command(args, serial):
    cmd = ["qemu-system-x86_64", "-machine", "q35", "-accel", args.accel,
           "-cpu", args.cpu, "-smp", args.smp, "-m", args.mem,
           "-nodefaults", "-display", "none",
           "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
           "-serial", serial]
    if boots_of(args) == 1:
        cmd.append("-no-reboot")
    if getattr(args, "memory_file", None):
        size = int(megabytes(args.mem) * 2**20)  # no unit: bytes, not MiB
        cmd += ["-object", f"memory-backend-file,id=memory,size={size},"
                f"mem-path={args.memory_file},share=on",
                "-machine", "memory-backend=memory"]
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
    if getattr(args, "tracefs", None):
        cmd += tracefs_options(args.tracefs, args.tracefs_line)
    return cmd + args.qemu


def refused(log):
    """The sentence for a refused command line; the log has the reason."""
    found = re.findall(rb'command line: (".*)', log)
    text = found[-1].decode(errors="replace").strip() if found else "see above"
    if text.startswith('"mode='):
        text += " (each mode has its image: make run MODE=NAME picks it)"
    return f"the kernel refuses its command line (status {REFUSED}): {text}"


def not_started(args, errors):
    """The sentence for a QEMU that exits before the guest prints anything."""
    lines = [line.partition(": ")[2] or line for line in errors.splitlines()]
    if args.accel.startswith("kvm"):
        told = [line for line in lines if "warning:" not in line] or lines
        return (f"ACCEL={args.accel}: KVM does not work here ({told[0]}); in "
                "a virtual machine it needs nested virtualisation; ACCEL=tcg "
                "works everywhere")
    return f"QEMU does not start: {lines[0]}"


def judge(args, status, log, errors):
    """(status, sentence or None). Other messages of QEMU are passed on.
    log: None if the output went to a terminal."""
    errors.seek(0)
    words = errors.read().strip()
    if words and not log and (status == 1 or status < 0):
        return 1, not_started(args, words)
    if words:
        print(words, file=sys.stderr)
    return status, verdict(status, BANNER + ENDING if log is None else log,
                           1 if log is None else boots_of(args))


def verdict(status, log, boots=1):
    """None for success, or a sentence about the failure."""
    banners, endings = log.count(BANNER), log.count(ENDING)
    if status == PANIC:
        return "the kernel panicked, or could not start (status 37)"
    if status == FAILED:
        return "a test failed (status 35)"
    if status == REFUSED:
        return refused(log)
    if banners == 0:
        return ("the kernel never said hello: it did not boot"
                f" (QEMU status {status})")
    if banners > boots:
        return (f"the machine booted {banners} times"
                f"{f', not {boots}' if boots > 1 else ''}: it reset itself")
    if banners < boots:
        return f"the machine booted {banners} times, not {boots}"
    if status == 0:
        return "QEMU left with 0: triple fault, reset or power-off"
    if status != OK:
        return f"QEMU left with status {status}, not {OK}"
    if endings != 1:
        return f"status {OK}, but {endings} closing lines instead of one"
    return None


def errors_file():
    """A file for QEMU's stderr, from which a sentence may be made."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def run_batch(args, feed=None):
    """Copies the log to stdout as it arrives. feed(log so far, pipe to the
    guest) is called for every piece; without feed, stdin is not used."""
    errors = errors_file()
    qemu = subprocess.Popen(command(args, "stdio"), stdout=subprocess.PIPE,
                            stderr=errors, stdin=subprocess.PIPE if feed
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
            if 1 < boots_of(args) < log.count(BANNER):
                qemu.kill()  # it would not end by itself
            elif feed:
                feed(log, qemu.stdin)
    finally:
        timer.cancel()
        if sys.exc_info()[0]:
            qemu.kill()
        status = qemu.wait()
    if timed_out:
        return 1, f"no end after {args.timeout:g} s: the kernel hangs"
    return judge(args, status, log, errors)


def waiting(log):
    """How often the guest has asked for a line, and for what it asks now."""
    asked = list(PROMPT.finditer(log))
    if not asked or asked[-1].end() != len(log):
        return 0, b""
    return len(asked), asked[-1][0]


def run_script(args):
    """Types the lines of stdin, one at each prompt, then "exit" at the shell's
    and Enter between the steps of a demo."""
    lines = sys.stdin.buffer.readlines() if sys.stdin else []
    lines = [line.rstrip(b"\r\n") + b"\n" for line in lines]
    done = 0

    def feed(log, guest):
        nonlocal done
        times, prompt = waiting(log)
        if times <= done:
            return
        done += 1
        last = b"\n" if prompt.startswith(b"(Enter") else b"exit\n"
        guest.write(lines.pop(0) if lines else last)
        guest.flush()
    return run_batch(args, feed)


def terminal(args):
    """The serial line that is this terminal, and a log of it."""
    if not args.log:
        return "mon:stdio"
    args.qemu += ["-chardev", "stdio,id=terminal,mux=on,signal=off,"
                  f"logfile={args.log}", "-mon", "chardev=terminal"]
    return "chardev:terminal"


def run_interactive(args):
    """Makes this terminal the serial line, until exit or QEMU's escape."""
    if not sys.stdin or not sys.stdin.isatty():
        return run_script(args)
    with tempfile.TemporaryDirectory() as directory:
        trace = pathlib.Path(directory, "trace")
        args.qemu += ["-trace", SHUTDOWN, "-D", str(trace),
                      "-echr", ESCAPE]
        print(f"run.py: to leave: exit, or {ESCAPE_KEY} x at any time "
              f"({ESCAPE_KEY} h: QEMU's other keys)", flush=True)
        errors = errors_file()
        status = subprocess.call(command(args, terminal(args)), stderr=errors)
        if status == 0 and f"{SHUTDOWN} {BY_USER}\n" in trace.read_text():
            return OK, None
    return judge(args, status, None, errors)


def run_gdb(args):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "gdb")
        log = args.log or os.path.join(directory, "log")
        line = os.path.relpath(pathlib.Path(log).with_suffix(".sock"))
        # gdb may be there before QEMU: the socket already listens.
        stub = socket.socket(socket.AF_UNIX)
        stub.bind(path)
        stub.listen()
        args.qemu += ["-S", "-gdb", "chardev:gdb", "-chardev",
                      f"socket,id=gdb,fd={stub.fileno()},server=on,wait=off",
                      "-chardev", f"socket,id=line,path={line},server=on,"
                      f"wait=off,logfile={log}"]
        pathlib.Path(log).unlink(missing_ok=True)
        with subprocess.Popen(command(args, "chardev:line"),
                              stdin=subprocess.DEVNULL,
                              pass_fds=[stub.fileno()],
                              start_new_session=True) as qemu:
            stub.close()  # a QEMU that ends refuses gdb
            print(f"run.py: the serial line goes to {log} (gdb: log); to type "
                  "at it, in another terminal:\n"
                  f"  python3 tools/attach.py {log}", flush=True)
            # ^C is for gdb, which stops the kernel.
            signal.signal(signal.SIGINT, lambda *_: None)
            for end in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(end, lambda *_: sys.exit(1))
            try:
                subprocess.call(["gdb", "-q", args.kernel,
                                 "-ex", f'set $socket = "{path}"',
                                 "-ex", f'set $log = "{log}"',
                                 "-x", args.gdb])
            except FileNotFoundError:
                return 1, "there is no gdb"
            finally:
                qemu.kill()
                pathlib.Path(line).unlink(missing_ok=True)
    return OK, None


def run(args):
    """(QEMU's status, or 1; None or a sentence about the failure)"""
    if problem := refusal(args):
        return 1, problem
    try:
        if args.gdb:
            return run_gdb(args)
        if args.interactive:
            return run_interactive(args)
        return run_batch(args)
    except KeyboardInterrupt:
        return 130, "stopped by ^C"
    except BrokenPipeError:  # and do not flush the rest of the log
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1, "the log has no reader any more"


def main():
    status, problem = run(options())
    if problem:
        sys.stdout.flush()
        print(f"run.py: {problem}", file=sys.stderr)
        sys.exit(status if status in (FAILED, PANIC, REFUSED, 130) else 1)


if __name__ == "__main__":
    main()
