# SPDX-License-Identifier: MIT
# parts: test-all 42
"""The build and its tools: same bytes again, a true symbol table, what is
missing is named, and `make debug` shows a site."""
import json
import os
import re
import shutil
import signal
import struct
import subprocess

import pytest

from tests import fresh, qemu
from tests.conftest import toolbox
from tests.python import COMMAND as PYTHON

mkiso = qemu.load_tool("mkiso")
symtab = qemu.load_tool("symtab")
sort_sites = qemu.load_tool("sort_sites")


def run(command, **options):
    return subprocess.run(command, cwd=qemu.ROOT, capture_output=True,
                          text=True, timeout=300, check=False, **options)


def in_tree(path):
    """As make takes it: relative, for make cannot name a path with a space."""
    return os.path.relpath(path, qemu.ROOT)


def test_building_again_gives_the_same_bytes(shipped, elf):
    again = qemu.BUILD / "again"
    # From nothing, but not when nothing has changed since the last time.
    stamp = again / "of"
    if not stamp.exists() or stamp.read_bytes() != elf.read_bytes():
        shutil.rmtree(again, ignore_errors=True)
        done = run(["make", "-j2", f"BUILD={in_tree(again)}", "kernel"])
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.copy(elf, stamp)
    for image in (shipped, elf):
        assert (again / image.name).read_bytes() == image.read_bytes()


def test_a_path_with_a_space_gives_the_same_bytes(shipped, elf, tmp_path):
    """One file compiled there and all linked: no path gets into the image."""
    tree = tmp_path / "a b"
    shutil.copytree(qemu.ROOT, tree, ignore=shutil.ignore_patterns(
        ".git", "build", qemu.BUILD.name))
    for part in ("obj", "gen"):
        shutil.copytree(qemu.BUILD / part, tree / "build" / part)
    (tree / "kernel/lib/glob.c").touch()
    done = run(["make", "-C", str(tree), "BUILD=build", "kernel"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("CC ") == 1, done.stdout
    for image in (shipped, elf):
        assert (tree / "build" / image.name).read_bytes() == image.read_bytes()


def test_nothing_is_rebuilt(elf):
    done = run(["make", f"BUILD={in_tree(qemu.BUILD)}", "kernel"])
    assert done.returncode == 0, done.stderr
    assert "CC" not in done.stdout and "LD" not in done.stdout, done.stdout


def test_help_names_each_target():
    """Wherever it is: in the Makefile, or in a folder's targets.mk."""
    done = run(["make", "-s", "help"])
    words = set(re.findall(r"[a-z-]+", done.stdout))
    missing = {name for name in fresh.known_targets()
               if not name.startswith("deps-")} - words - {
                   "not-mounted", "speedscope-viewer"}  # parts of others
    assert {"run", "unit", "flame", "kernel"} <= words and not missing


def test_the_makefile_is_short():
    assert len((qemu.ROOT / "Makefile").read_text().splitlines()) < 200


def test_compile_commands_compile(tmp_path):
    """Each C file has one, with the flags of its object; less what .clangd
    takes away, clang knows them all."""
    build = in_tree(tmp_path / "build")
    path = tmp_path / "commands.json"
    done = run(["make", f"BUILD={build}", f"COMPDB={path}", "compdb"])
    assert done.returncode == 0, done.stdout + done.stderr
    found = {entry["file"]: entry for entry in json.loads(path.read_text())}
    assert {"kernel/main.c", "trace/trace.c", "tests/kernel/ktest.c"} <= \
        set(found)
    lib, plan = (found[name]["arguments"] for name in (
        "kernel/lib/kstrto.c", "trace/core/ftrace_plan.c"))
    assert "-pg" in lib and "-pg" not in plan  # not traceable
    (tmp_path / "build/obj/kernel/lib").mkdir(parents=True)
    assert run(lib).returncode == 0
    assert (tmp_path / "build/obj/kernel/lib/kstrto.o").exists()
    gone = re.search(r"Remove: \[([^]]*)\]",
                     (qemu.ROOT / ".clangd").read_text())[1].split(",")
    gone = {word.strip() for word in gone}
    done = run(["clang-14", "-Werror", "-fsyntax-only", *(
        word for word in lib[1:] if word not in gone)])
    assert done.returncode == 0, done.stderr


def test_cleaning_comes_before_building(tmp_path):
    """With an rm that waits for what is built beside it, for a while."""
    build = tmp_path / "build"
    target = build / "obj/kernel/lib/glob.o"
    slow = tmp_path / "bin/rm"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10; do\n"
                    f"test -e {target} && break; sleep 0.1; done\n"
                    f'exec {shutil.which("rm")} "$@"\n')
    slow.chmod(0o755)
    done = run(["make", "-s", "-j4", f"BUILD={build}", "clean", str(target)],
               env={**os.environ, "PATH": f"{slow.parent}:"
                    + os.environ["PATH"]})
    assert done.returncode == 0, done.stdout + done.stderr
    assert target.exists()


def test_a_source_that_is_gone_leaves_the_image(elf, tmp_path):
    extra, build = tmp_path / "extra", tmp_path / "build"
    shutil.copytree(qemu.BUILD, build, ignore=shutil.ignore_patterns(
        "again", "host", "*.iso", "*.lock"))
    extra.mkdir()
    source = extra / "source.c"
    source.write_text("int soon_gone = 1;\n")
    for there in (True, False):
        if not there:
            source.unlink()
        done = run(["make", f"BUILD={build}", f"EXTRA={extra}", "kernel"])
        assert done.returncode == 0, done.stdout + done.stderr
        assert "CC      kernel/" not in done.stdout
        names = run(["nm", str(build / elf.name)]).stdout
        assert (" D soon_gone\n" in names) == there


@pytest.mark.parametrize("text, words", [
    ("void use(char *); void f(void) { char a[2000]; use(a); }",
     "-Werror=frame-larger-than="),
    ("void use(char *); void f(int n) { char a[n]; use(a); }",
     "-Werror=vla"),
    ("#if NOBODY_HAS_DEFINED_IT\n#endif\nextern int a;", "-Werror=undef"),
    ("void use(char *); void f(void) { char a[900]; use(a); }", None),
])
def test_a_stack_of_16_kib_and_names_are_watched(tmp_path, text, words):
    source = tmp_path / "planted.c"
    source.write_text(text.replace("; void", "; static __attribute__((used)) "
                                   "void"))
    done = run(["make", f"BUILD={tmp_path}/build",
                f"{tmp_path}/build/obj/{source}".replace(".c", ".o")])
    assert (done.returncode == 0) == (words is None), done.stderr
    assert words is None or words in done.stderr


def table(elf, stem):
    """@stem: the image whose marked functions these are."""
    done = run([*PYTHON, "tools/symtab.py", "--noreturn",
                str(qemu.BUILD / f"gen/{stem}.noreturn"), "--noprobe",
                str(qemu.BUILD / f"gen/{stem}.noprobe"), "--params",
                str(qemu.BUILD / f"gen/{stem}.params"), str(elf)])
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_is_that_of_the_image(shipped, elf, tmp_path):
    for image in (shipped, elf):
        good = table(image, image.stem)
        assert good == (qemu.BUILD / f"gen/{image.stem}.symtab2.asm"
                        ).read_text()
    # One bit of text, and the build would refuse it.
    data = bytearray(elf.read_bytes())
    _, text, _ = sorted(symtab.segments(data))[0]
    at = data.find(text)
    data[at + len(text) // 2] ^= 1
    bad = tmp_path / "bad.elf"
    bad.write_bytes(data)
    assert table(bad, elf.stem) != good


def test_only_what_runs_is_built(elf):
    """`make run` and the shell need no object of tests/."""
    for mode, wanted in (("demo", False), ("shell", False), ("tests", True)):
        done = run(["make", "-n", "--what-if=linker.ld", f"MODE={mode}",
                    f"BUILD={in_tree(qemu.BUILD)}", "run"])
        assert done.returncode == 0, done.stderr
        assert "nop5.elf" in done.stdout
        assert ("nop5-test" in done.stdout) == wanted


def calls_of(text):
    """Lines of a disassembly that leave the function they stand in."""
    found, function = [], ""
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(\w+)>:", line)
        if head:
            function = head.group(1)
        leaves = re.search(r"\t(call|j\w+) .*?<(\w+)", line)
        if "\tcall" in line or "R_X86_64_P" in line or (
                leaves and leaves.group(2) != function):
            found.append(f"{function}: {line.strip()}")
    return found


def compiled(source, directory, *flags):
    out = directory / "mem.o"
    subprocess.run(["gcc", "-std=gnu11", "-O2", "-ffreestanding", "-I.",
                    "-Iarch/x86_64", "-fno-pic", "-mcmodel=kernel",
                    "-mgeneral-regs-only", *flags, "-c", "-o", str(out),
                    str(source)], cwd=qemu.ROOT, check=True)
    return run(["objdump", "-dr", "--no-show-raw-insn", str(out)]).stdout


# ME2
def test_mem_calls_nothing(elf):
    """memcpy and its kin are what loops become: none may become one."""
    text = run(["objdump", "-dr", "--no-show-raw-insn",
                str(qemu.BUILD / "obj/kernel/lib/mem.o")]).stdout
    assert all(f"<{name}>:" in text
               for name in ("memcpy", "memmove", "memset", "memcmp"))
    assert calls_of(text) == []


def test_a_loop_that_became_a_call_is_found(tmp_path):
    """The same with the pass that is switched off: a byte loop is a memset."""
    source = tmp_path / "loop.c"
    source.write_text("void fill(char *to, int c, unsigned long n)\n"
                      "{ while (n--) *to++ = c; }\n")
    assert calls_of(compiled(source, tmp_path,
                             "-ftree-loop-distribute-patterns"))
    assert not calls_of(compiled(
        source, tmp_path, "-fno-tree-loop-distribute-patterns"))


def tables_of(path):
    """The addresses in __mcount_loc, and (site, target, key) of all static
    branches, in their order in the file."""
    marks = sort_sites.read_marks("nm", path)
    image = sort_sites.Image(path.read_bytes())
    words, entries = (
        bytes(image.data[image.place(marks["__start" + name],
                                     marks["__stop" + name])])
        for name in ("_mcount_loc", "___jump_table"))
    return (list(struct.unpack(f"<{len(words) // 8}Q", words)),
            [(at * 16 + code, at * 16 + target, key) for at, (
                code, target, key) in enumerate(
                    struct.iter_unpack("<iiQ", entries))])


def test_the_tables_of_sites_are_sorted_in_the_image(shipped, elf):
    """The linker leaves them in another order; nothing is lost or added."""
    for path in (shipped, elf):
        linked = tables_of(path.with_suffix(".pass2.elf"))
        found = tables_of(path)
        assert found != linked
        assert found == tuple(sorted(table) for table in linked)


def test_an_entry_that_moves_keeps_its_meaning():
    far, near = (0x5000, 0x6000, 9), (0x4000, 0x4100, 8)
    table = b"".join(struct.pack("<iiQ", code - at, target - at, key)
                     for at, (code, target, key) in ((0, far), (16, near)))
    found = [(at + code, at + target, key) for at, (code, target, key) in zip(
        (0, 16), struct.iter_unpack("<iiQ", sort_sites.sorted_entries(table)))]
    assert found == [near, far]


@pytest.mark.parametrize("name, kind, wanted", [
    ("schedule", "T", True),
    ("find_rec.part.0", "t", True),
    ("warn.cold", "t", True),
    ("nmi_entry.nested", "t", False),
    ("_etext", "T", False),
    ("__exec_pool_start", "T", False),
    ("__start_mcount_loc", "R", False),
    ("counts.3", "b", True),
    ("KERNEL_VMA", "a", False),
])
def test_which_symbols_are_wanted(name, kind, wanted):
    assert bool(symtab.wanted(name, kind)) == wanted


@pytest.mark.parametrize("text, words", [
    ("", ""),
    ("seed=4 tests=sched.*", r"seed=4 tests=sched.\*"),
    ('filter="a b"', r"filter=a\ b"),
    ("x=$(reboot);y", r"x=\$\(reboot\)\;y"),
])
def test_words_for_grub(text, words):
    assert mkiso.grub_words(text) == words


@pytest.mark.parametrize("options, words", [
    (["--default", "nonsense", "ELF", "ELF"],
     "MODE=nonsense: the menu has no such entry, but demo, shell, tests,"),
    # An image without the tests: GRUB would take the first entry instead.
    (["--default", "tests", "ELF"],
     "MODE=tests: the menu has no such entry, but demo, shell\n"),
])
def test_an_entry_that_is_not_there_is_refused(elf, tmp_path, options, words):
    iso = tmp_path / "iso"
    done = run([*PYTHON, "tools/mkiso.py", *options[:2], str(iso),
                *[str(elf) for _ in options[2:]]])
    assert done.returncode == 39 and not iso.exists()
    assert words in done.stderr


@pytest.mark.parametrize("text", ["", "a=1 b", "x='a b'", 'x="a b"', "it\\'s"])
def test_append_comes_as_it_was_typed(elf, text):
    build = in_tree(qemu.BUILD)
    done = run(["make", "-s", "--what-if=boot/grub.cfg", f"BUILD={build}",
                "MKISO=printf '<%s>'", f"APPEND={text}", f"{build}/run.iso"])
    assert f"<--append><{text}><{build}/run.iso>" in done.stdout, \
        done.stdout + done.stderr
    assert (qemu.BUILD / "run.args").read_text() == f"demo {text}\n"


def test_unbalanced_quotes_are_refused():
    with pytest.raises(SystemExit, match="No closing quotation"):
        mkiso.grub_words('tests="sched')


def test_debug_shows_a_site(elf):
    done = run([*PYTHON, "tools/run.py", "--smp", "1",
                "--gdb", "tools/nop5.gdb", "--kernel", str(elf),
                "--append", "mode=tests tests=nothing"],
               input="site schedule\nsite start64\nquit\n")
    assert "0f 1f 44 00 00" in done.stdout, done.stdout + done.stderr
    assert "<schedule>" in done.stdout
    assert "mode_run" in done.stdout


def test_debug_waits_for_a_slow_qemu(elf, tmp_path):
    slow = tmp_path / "qemu-system-x86_64"
    slow.write_text("#!/bin/sh\nsleep 3\n"
                    f'exec {shutil.which(slow.name)} "$@"\n')
    slow.chmod(0o755)
    done = run([*PYTHON, "tools/run.py", "--smp", "1",
                "--gdb", "tools/nop5.gdb", "--kernel", str(elf),
                "--append", "mode=tests tests=nothing"], input="quit\n",
               env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert "mode_run" in done.stdout, done.stdout + done.stderr


def debug(elf, box, *options):
    """`make debug` with what is in the box instead of gdb; a pid file."""
    box.mkdir()
    return ({**os.environ, "PATH": f"{box}:" + os.environ["PATH"]},
            [*PYTHON, "tools/run.py", "--smp", "1", "--gdb",
             "tools/nop5.gdb", "--kernel", str(elf), *options])


def test_debug_without_gdb_ends(elf, tmp_path):
    _, command = debug(elf, tmp_path / "box")
    done = run(command, env=toolbox(tmp_path / "box", ["qemu-system-x86_64"]))
    assert done.returncode == 1
    assert done.stderr == "run.py: there is no gdb\n"


@pytest.mark.parametrize("number, words, status", [
    (signal.SIGINT, "goes on", 0),  # ^C is for gdb, not for us
    (signal.SIGTERM, "", 1),
    (signal.SIGHUP, "", 1),
])
def test_signals_while_gdb_runs(elf, tmp_path, number, words, status):
    pid = tmp_path / "pid"
    env, command = debug(elf, tmp_path / "box", "--", "-pidfile", str(pid))
    gdb = tmp_path / "box/gdb"
    gdb.write_text("#!/bin/sh\ntrap met=1 INT\n"
                   f"until test -s {pid}; do sleep 0.1; done\necho ready\n"
                   "until test $met; do sleep 0.1; done\n"
                   "sleep 1\necho goes on\n")
    gdb.chmod(0o755)
    with subprocess.Popen(command, cwd=qemu.ROOT, env=env, text=True,
                          stdout=subprocess.PIPE,
                          start_new_session=True) as process:
        while "ready" not in process.stdout.readline():
            assert process.poll() is None
        guest = int(pid.read_text())
        os.killpg(process.pid, number)
        shown = process.communicate(timeout=60)[0]
    assert words in shown and process.returncode == status
    with pytest.raises(ProcessLookupError):
        os.kill(guest, 0)


@pytest.mark.parametrize("script, words", [
    ("", "nop5# exit"),
    ("echo hello\ncat current_tracer\n", "\nhello\n"),
    ("exit\n", "nop5# exit"),
])
def test_shell_takes_commands_from_a_pipe(elf, script, words):
    done = run([*PYTHON, "tools/run.py", "--smp", "1",
                "--timeout", "60", "--interactive", "--kernel", str(elf),
                "--append", "mode=shell"], input=script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert words in done.stdout.replace("\r", "")
