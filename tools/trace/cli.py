# SPDX-License-Identifier: MIT
"""nop5-trace: reads a trace and reports, draws, converts or checks it.

A trace is a trace.dat (version 6 or 7), raw ring-buffer pages (a file cpuN, or
a folder with one for each CPU), the memory of a machine that had a trace in
reserved memory (QEMU's file, after its end), or a log with the text of `trace`.

Status: 0 done; 1 check found a violation; 2 the input or the command line
cannot be used, with one sentence on stderr.
"""
import argparse
import dataclasses
import fnmatch
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator

from . import callgraph, check, chrome, dat_write, flame, report, stacks, \
    timeline
from .errors import TraceError
from .model import Event, Trace
from .opening import open_trace
from .raw import parse_dump
from .symbols import elf_symbols

# The output of `convert`, by the end of the output's name.
SUFFIXES = {".json": "chrome", ".folded": "folded", ".dot": "dot",
            ".svg": "callgraph", ".dat": "dat"}


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nop5-trace", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True,
                                     metavar="COMMAND")
    for name, add, help_ in (
            ("report", add_report, "text, as the kernel's file trace has it"),
            ("convert", add_convert, "Chrome JSON, folded stacks, call graph, "
             "trace.dat"),
            ("flame", add_flame, "a flame graph (SVG)"),
            ("timeline", add_timeline, "a timeline of CPUs and tasks (SVG)"),
            ("check", add_check, "verify nesting, times, sums, counts")):
        one = commands.add_parser(name, help=help_, description=help_)
        add_input(one)
        add(one)
    return parser


def add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="TRACE",
                        help="trace.dat, pages (a file or a folder), a file of "
                        "memory, or a log")
    parser.add_argument("--elf", help="pages, memory: the kernel, for its "
                        "symbols")
    parser.add_argument("--kallsyms", help="pages, memory: symbols, as a "
                        "text")
    parser.add_argument("--formats", metavar="DIR", help="pages, memory: a "
                        "copy of events/ (else the kernel's own formats)")
    parser.add_argument("--cmdlines", help="pages: a copy of saved_cmdlines")
    parser.add_argument("--instance", default="", help="of a trace.dat")
    parser.add_argument("--nth", type=int, metavar="N",
                        help="which trace of a log or of memory (else the "
                        "last)")
    parser.add_argument("--task", action="append", default=[], metavar="GLOB",
                        help="only tasks whose name fits; '!GLOB': not those; "
                        "may be repeated")


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE",
                        help="else standard output")


def add_report(parser: argparse.ArgumentParser) -> None:
    add_output(parser)
    for name in ("abstime", "proc", "tail"):
        parser.add_argument(f"--{name}", action="store_true",
                            help=f"as the option funcgraph-{name}")


def add_convert(parser: argparse.ArgumentParser) -> None:
    add_output(parser)
    parser.add_argument("--to", choices=sorted(set(SUFFIXES.values())),
                        help="else told by the end of FILE: "
                        + ", ".join(f"{end} {what}" for end, what
                                    in SUFFIXES.items()))
    add_at_most(parser)
    add_weigh(parser)


def add_at_most(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at-most", type=int, default=callgraph.AT_MOST,
                        metavar="N", help="functions in a call graph "
                        "(%(default)s)")


def add_weigh(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weigh", default="", choices=[
        stacks.TIME, stacks.SAMPLES, stacks.CALLS],
        help="what is added up (else the first of these that is there)")


def add_flame(parser: argparse.ArgumentParser) -> None:
    add_output(parser)
    add_weigh(parser)
    add_drawing(parser)
    parser.add_argument("--icicle", action="store_true",
                        help="callers above callees")


def add_drawing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--title")
    parser.add_argument("--width", type=width, default=1200, metavar="PIXELS",
                        help="(%(default)s)")


def width(text: str) -> int:
    value = int(text)
    if not 400 <= value <= 20000:
        raise argparse.ArgumentTypeError(f"{text} is not from 400 to 20000")
    return value


def seconds(text: str) -> int:
    return round(float(text) * 10**9)


def add_timeline(parser: argparse.ArgumentParser) -> None:
    add_output(parser)
    add_drawing(parser)
    for name, what in (("from", "begin"), ("to", "end")):
        parser.add_argument(f"--{name}", dest=what, type=seconds,
                            metavar="SECONDS", help="draw this stretch only")
    parser.add_argument("--span", type=seconds, metavar="SECONDS",
                        help="draw so much: the stretch with most events")


def add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at-most", type=int, default=20, metavar="N",
                        help="violations told in full (%(default)s)")


# ---- commands ---------------------------------------------------------------

def only_tasks(trace: Trace, globs: list[str]) -> Trace:
    """The trace with only the events of some tasks, and without the counts of
    the whole trace."""
    wanted = [glob for glob in globs if not glob.startswith("!")] or ["*"]
    unwanted = [glob[1:] for glob in globs if glob.startswith("!")]
    source = trace.source

    def fits(comm: str, patterns: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(comm, one) for one in patterns)

    def chosen() -> Iterator[Event]:
        return (event for event in source() if fits(event.comm, wanted)
                and not fits(event.comm, unwanted))
    return dataclasses.replace(trace, source=chosen, entries=None,
                               written=None, stats={})


def run_report(trace: Trace, args: argparse.Namespace) -> int:
    options = report.Options(args.abstime, args.proc, args.tail)
    write(args, (f"{line}\n" for line in report.report(trace, options)))
    return 0


def run_convert(trace: Trace, args: argparse.Namespace) -> int:
    what = args.to or SUFFIXES.get(pathlib.Path(args.output or "").suffix)
    if what is None:
        raise TraceError(args.output or "convert", None, "does not say what "
                         "to make: --to " + "|".join(sorted(
                             set(SUFFIXES.values()))))
    if what == "dat":
        return convert_to_dat(args)
    if what == "chrome":
        write(args, chrome.chrome_text(trace))
    elif what == "folded":
        write(args, (f"{line}\n" for line in stacks.folded_lines(
            stacks.collect(trace, args.weigh))))
    elif what == "dot":
        write(args, (f"{line}\n" for line in callgraph.dot_lines(
            callgraph.collect(trace), args.at_most)))
    else:
        write(args, [callgraph.draw(callgraph.collect(trace), args.at_most)])
    return 0


def convert_to_dat(args: argparse.Namespace) -> int:
    """Converts a log with DUMP lines: besides a trace.dat, only such a log has
    whole pages and their formats."""
    log = pathlib.Path(args.input).read_text(encoding="utf-8",
                                             errors="replace")
    dump = parse_dump(log, args.input)
    if not dump.pages or not args.elf or not args.output:
        raise TraceError(args.input, None, "a trace.dat is made of a log with "
                         "DUMP lines: --elf KERNEL -o FILE.dat")
    pathlib.Path(args.output).write_bytes(
        dat_write.trace_dat(dump, elf_symbols(args.elf)))
    return 0


def run_flame(trace: Trace, args: argparse.Namespace) -> int:
    write(args, [flame.draw(stacks.collect(trace, args.weigh), title(args),
                            icicle=args.icicle, width=args.width)])
    return 0


def run_timeline(trace: Trace, args: argparse.Namespace) -> int:
    window = timeline.Window(args.begin, args.end, args.span)
    write(args, [timeline.draw(trace, title(args), args.width, window)])
    return 0


def run_check(trace: Trace, args: argparse.Namespace) -> int:
    found = check.check(trace, args.at_most)
    for sentence in found.sentences:
        print(f"{trace.path}: {sentence}")
    more = found.violations - len(found.sentences)
    if more:
        print(f"{trace.path}: and {more} more")
    print(f"{trace.path}: {found.summary()}")
    return 1 if found.violations else 0


COMMANDS: dict[str, Callable[[Trace, argparse.Namespace], int]] = {
    "report": run_report, "convert": run_convert, "flame": run_flame,
    "timeline": run_timeline, "check": run_check}


def title(args: argparse.Namespace) -> str:
    return str(args.title or pathlib.Path(args.input).name)


def write(args: argparse.Namespace, pieces: Iterable[str]) -> None:
    """Writes to stdout or to the file, which appears only when complete."""
    if not args.output:
        sys.stdout.writelines(pieces)
        return
    path = pathlib.Path(args.output)
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "w", encoding="utf-8") as file:
            file.writelines(pieces)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def main(argv: list[str] | None = None) -> int:
    """Runs a command line. Return: the exit status."""
    args = make_parser().parse_args(argv)
    try:
        trace = open_trace(args.input, elf=args.elf, kallsyms=args.kallsyms,
                           formats=args.formats, cmdlines=args.cmdlines,
                           instance=args.instance, nth=args.nth)
        if args.task:
            trace = only_tasks(trace, args.task)
        status = COMMANDS[args.command](trace, args)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader, such as `| head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TraceError, OSError) as error:
        print(f"nop5-trace: {error}", file=sys.stderr)
        return 2
