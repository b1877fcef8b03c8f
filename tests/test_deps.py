# SPDX-License-Identifier: MIT
# parts: test 4
"""Set-up: what is missing is named or installed, and nothing that our programs
import or start is missing in the lists of tools/deps.sh."""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from tests import debian, needs, qemu
from tests.conftest import toolbox
from tests.python import COMMAND as PYTHON


def run(command, **options):
    return subprocess.run(command, cwd=qemu.ROOT, capture_output=True,
                          text=True, timeout=300, check=False, **options)


# ---- tools/deps.sh -----------------------------------------------------------

SHELL = ["sh", "sort", "tr", "cat", "uname", "id", "head"]


def test_missing_programs_are_named_where_apt_is_missing(tmp_path):
    env = toolbox(tmp_path, SHELL + ["gcc", "ld"])
    done = run([str(tmp_path / "sh"), "tools/deps.sh", "install", "run",
                str(tmp_path / "stamp")], env=env)
    assert done.returncode == 1
    for package in ("nasm", "xorriso", "grub-common", "qemu-system-x86"):
        assert package in done.stderr
    assert " gcc" not in done.stderr
    assert not (tmp_path / "stamp").exists()


def test_missing_programs_are_installed_by_apt(tmp_path):
    """With an apt-get that only notes what it was asked for."""
    env = toolbox(tmp_path, SHELL + ["gcc", "ld", "env"])
    log = tmp_path / "log"
    fake = tmp_path / "apt-get"
    fake.write_text(f"#!{tmp_path}/sh\n"
                    f"echo $DEBIAN_FRONTEND $* >>{log}\n")
    fake.chmod(0o755)
    sudo = tmp_path / "sudo"
    sudo.write_text(f'#!{tmp_path}/sh\necho sudo >>{log}\nexec "$@"\n')
    sudo.chmod(0o755)
    done = run([str(tmp_path / "sh"), "tools/deps.sh", "install", "run",
                str(tmp_path / "stamp")], env=env)
    assert "installing with apt-get:" in done.stdout
    assert "still missing" in done.stderr  # the fake installs nothing
    lines = log.read_text().splitlines()
    assert ("sudo" in lines) == (os.getuid() != 0)
    assert any(line.startswith("noninteractive") and " nasm " in line + " "
               for line in lines)


def test_a_row_of_packages_has_a_list_and_all_its_words():
    """Another word would be a list that nobody asks for."""
    rows = [line.split() for path in qemu.ROOT.glob("tools/deps.d/*")
            for line in path.read_text().splitlines() if line[0] != "#"]
    assert {row[0] for row in rows} == set(debian.LISTS)
    assert all(len(row) >= 3 for row in rows)


def test_debug_asks_for_gdb(tmp_path):
    (tmp_path / "box").mkdir()
    env = toolbox(tmp_path / "box", SHELL + ["make", "mkdir", "gcc", "ld"])
    build = tmp_path / "build"
    build.mkdir()
    done = run(["make", f"BUILD={build}", "debug"], env=env)
    assert done.returncode == 2
    assert re.search("programs are missing; Debian's packages for them: .*gdb",
                     done.stderr)


INSTALLS = ["run", "shell", "debug", "test", "test-all", "bench",
            "bench-linux", "lab", "theatre", "torture", "deps",
            "deps-tools", "tracefs", "trace-cmd", "host", "kernelshark",
            "ftracetest", "speedscope", "record", "book", "book-update",
            "slides"]
NAMES = ["kernel", "iso", "unit", "fuzz", "lint", ""]


@pytest.mark.parametrize("goal, installs", [
    *((goal, True) for goal in INSTALLS), *((goal, False) for goal in NAMES)])
def test_a_build_names_what_is_missing_and_others_install_it(
        tmp_path, goal, installs):
    """With an apt-get that only notes what it was asked for."""
    (tmp_path / "box").mkdir()
    env = toolbox(tmp_path / "box", SHELL + ["make", "mkdir", "env"])
    log = tmp_path / "log"
    log.touch()
    for name in ("apt-get", "sudo"):
        fake = tmp_path / "box" / name
        fake.write_text(f"#!{tmp_path}/box/sh\necho {name} $* >>{log}\n"
                        + ('exec "$@"\n' if name == "sudo" else ""))
        fake.chmod(0o755)
    done = run(["make", f"BUILD={tmp_path}/build", *goal.split()], env=env)
    assert done.returncode == 2
    assert ("apt-get -qq install" in log.read_text()) == installs
    sentence = ('nop5: programs are missing; "make deps" installs Debian\'s '
                "packages for them: ")
    assert (sentence in done.stderr) != installs
    if not installs:
        assert not log.read_text()
        assert " nasm " in done.stderr.split(sentence)[1]


def test_help_and_clean_ask_for_nothing(tmp_path):
    (tmp_path / "box").mkdir()
    env = toolbox(tmp_path / "box", ["make", "sh", "sed", "rm"])
    # No grep, no mountpoint: a mounted tree is looked for by the shell alone.
    for goal in ("help", "clean"):
        done = run(["make", "-s", f"BUILD={tmp_path}/build", goal], env=env)
        assert done.returncode == 0 and not done.stderr
    assert not (tmp_path / "build").exists()


def test_the_compiler_prefix_is_found(tmp_path):
    box = tmp_path / "box"
    box.mkdir()
    env = toolbox(box, SHELL)
    for prefix in ("", "x86_64-linux-gnu-", "x86_64-elf-"):
        for program in ("gcc", "ld"):
            path = box / (prefix + program)
            path.write_text(f"#!{box}/sh\necho x86_64-fake\n")
            path.chmod(0o755)
        done = run([str(box / "sh"), "-c",
                    'eval "$(cat tools/deps.sh | tr \'\\n\' \'\\n\' | '
                    f'{shutil.which("sed")} -n \'/^prefix()/,/^}}/p\')"; '
                    "prefix"], env=env)
        assert done.stdout.strip() == prefix


# ---- the lists are complete --------------------------------------------------

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# Which lists may hold what a file needs; the first that fits counts.
MAY_USE = [
    ("tests/bench/linux/", debian.LISTS),
    ("tests/fresh.py", debian.LISTS),
    ("tests/", ("run", "debug", "test", "test-all")),
    (".ci/", ("run", "test")),
    ("tools/run.py", ("run", "debug")),
    ("tools/mkiso.py", ("run",)),
    ("tools/symtab.py", ("run",)),
    ("tools/noreturn.py", ("run",)),
    ("Makefile", ("run",)),
    ("boot/", ("run",)),
    ("tools/", debian.LISTS),
    ("book/", debian.LISTS),
]
# Started only where they are there: tools/deps.sh, bench-linux; npm, whose
# absence tools/trace/speedscope.py tells.
IF_THERE = {"sudo", "npm"}


def there(word):
    return shutil.which(word, path=PATH)


def sources():
    for pattern in ("tests/**/*.py", "tools/**/*.py", "tests/**/*.sh",
                    "tools/*.sh", ".ci/run",
                    "Makefile", "boot/*.mk", "tools/**/*.mk", "tests/**/*.mk",
                    "book/**/*.py", "book/*.mk"):
        yield from qemu.ROOT.glob(pattern)


def programs(path, text):
    if path.name == "test_deps.py":
        return set()  # most are made up
    if path.suffix == ".py":
        return set(needs.of_python(text, there))
    if path.name == "Makefile" or path.suffix == ".mk":
        return set(needs.of_makefile(text, there))
    return set(needs.of_shell(text))


def module_file(path, name):
    """Where Debian's Python finds a module; None for one of our own."""
    own = (path.parent, path.parent.parent, qemu.ROOT / "tests/bench")
    if name.split(".")[0] in ("tests", "tools", "book") or any(
            (folder / f"{name}.py").exists() for folder in own):
        return None
    if name in sys.builtin_module_names:
        return "/usr/bin/python3"
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        spec = None
    if spec is None:
        return f"import {name}"  # no file, so no package has it
    if spec.origin == "frozen":
        return spec.loader_state.filename
    return spec.origin or next(iter(spec.submodule_search_locations))


# Not there yet where only `make test` has run.
LATER = set(debian.LISTS) - {"run", "debug", "test"}
MODULES = "/usr/lib/python3/dist-packages"


def comes_later(file, names):
    """Is it a program or a module of a later list, which a file may rely on?"""
    word = file.removeprefix("the program ")
    if file.startswith("import "):
        word = f"{MODULES}/{file.removeprefix('import ').split('.')[0]}"
    return any(word in debian.programs_of(name)
               for name in names if name in LATER)


def files_needed(path, text):
    """Files of the system a source needs: of what it imports, starts, opens."""
    found = set()
    if path.suffix == ".py":
        found |= {module_file(path, name) for name in needs.imports(text)}
        found |= {name for name in re.findall(r'"(/usr/[^"*{}]+)"', text)
                  if pathlib.Path(name).is_file()}
    found |= {there(word) or f"the program {word}"
              for word in programs(path, text) - IF_THERE}
    return found - {None}


def problems(texts, lists=debian.listed):
    """Sentences on what is in no list, or not Debian's. texts: {path: text}."""
    wanted = {path: files_needed(path, text) for path, text in texts.items()}
    owner = debian.owners(sorted(set().union(*wanted.values())))
    for path, files in wanted.items():
        name = str(path.relative_to(qemu.ROOT))
        names = next(n for prefix, n in MAY_USE if name.startswith(prefix))
        sure = debian.provided(set().union(*map(lists, names)) | debian.GIVEN)
        for file in sorted(files):
            if file not in owner and comes_later(file, names):
                continue
            if file not in owner:
                yield f"{name}: no package of Debian has {file}"
            elif owner[file] not in sure:
                yield (f"{name}: {file} is of {owner[file]}, which no list of "
                       f"tools/deps.sh names ({', '.join(names)})")


needs_dpkg = pytest.mark.skipif(
    not pathlib.Path("/var/lib/dpkg/status").exists(),
    reason="asks dpkg, so it runs on Debian and its relatives")


def test_a_module_of_a_later_list_may_be_missing():
    assert comes_later("import sphinx.directives.code", {"book"})
    assert not comes_later("import sphinx.directives.code", {"run", "test"})
    assert not comes_later("import planted_module", set(debian.LISTS))


@needs_dpkg
def test_a_list_names_whatever_is_imported_or_started():
    found = list(problems({path: path.read_text() for path in sources()}))
    assert not found, "\n".join(found)


@needs_dpkg
@pytest.mark.parametrize("name, text, words", [
    ("tests/planted.py", 'import subprocess\nsubprocess.run(["cowsay"])\n',
     "no package of Debian has the program cowsay"),
    ("tests/planted.py", "import planted_module\n",
     "no package of Debian has import planted_module"),
    ("tests/planted.py", "import needs_of_nobody\n",
     "no package of Debian has {tmp}/needs_of_nobody.py"),
    ("tools/planted.sh", "if true; then\n\tx=$(cowsay hello)\nfi\n",
     "no package of Debian has the program cowsay"),
    ("tests/planted.mk", "all:\n\t@cowsay $@\n",
     "no package of Debian has the program cowsay"),
    # In a list, but not in one that may be there.
    ("tests/planted.py", 'run(["debootstrap", "x"])\n', None),
    ("tools/mkiso.py", 'run(["gdb", "x"])\n', "gdb is of gdb, which no list"),
])
def test_a_planted_need_is_found(monkeypatch, tmp_path, name, text, words):
    (tmp_path / "needs_of_nobody.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    found = list(problems({qemu.ROOT / name: text}))
    assert len(found) == 1, found
    assert found[0].startswith(name)
    assert (words or "debootstrap").format(tmp=tmp_path) in found[0]


@needs_dpkg
@pytest.mark.parametrize("name, program, found", [
    ("tests/planted.py", "chromium", False),
    ("tools/mkiso.py", "chromium", True),
    ("tools/tracefs/planted.py", "kernelshark", False),
    ("tests/planted.py", "kernelshark", True)])
def test_a_program_of_a_later_list_may_be_missing(monkeypatch, name, program,
                                                  found):
    """Where it is, dpkg is asked for it like for any other."""
    monkeypatch.setattr(sys.modules[__name__], "there",
                        lambda word: None if word == program else
                        shutil.which(word, path=PATH))
    text = f'import subprocess\nsubprocess.run(["{program}"])\n'
    assert bool(list(problems({qemu.ROOT / name: text}))) == found


@needs_dpkg
@pytest.mark.parametrize("source, package, file", [
    ("tests/test_sessions.py", "python3-pexpect", "pexpect/__init__.py"),
    ("tests/test_trace_pages.py", "trace-cmd", "trace-cmd"),
    ("Makefile", "nasm", "nasm"), ("Makefile", "gcc", "gcc"),
    ("tests/host/host.mk", "clang-14", "clang-14"),
    ("tools/run.py", "qemu-system-x86", "qemu-system-x86_64"),
])
def test_a_package_left_out_is_found(source, package, file):
    path = qemu.ROOT / source
    assert not list(problems({path: path.read_text()}))
    found = list(problems({path: path.read_text()},
                          lambda name: debian.listed(name) - {package}))
    assert found and all(f"{file} is of {package}, which no list" in line
                         for line in found), found


@needs_dpkg
def test_debians_archive_has_every_package_of_the_lists(tmp_path):
    """Not only dpkg's own status file, and not another archive."""
    options = []
    sources_known = debian.archives(debian.output("apt-cache", "policy"))
    if not sources_known:  # an image without apt's indices: fetch our own
        lists = tmp_path / "lists"
        (lists / "partial").mkdir(parents=True)
        options = ["-o", f"Dir::State::Lists={lists}"]
        debian.output("apt-get", *options, "update")
        sources_known = debian.archives(
            debian.output("apt-cache", *options, "policy"))
    if not sources_known:
        pytest.skip("apt has no index of Debian's archive, and gets none")
    names = set().union(*map(debian.listed, debian.LISTS))
    known = names & debian.installed().keys()
    policy = debian.output("apt-cache", *options, "policy", *sorted(known))
    assert set(re.findall(r"^(\S+):$", policy, re.MULTILINE)) == known
    assert not list(debian.foreign(policy, sources_known))


POLICY = """\
gcc:
  Installed: {installed}
  Candidate: 4:12.2.0-3
  Version table:
{rows}"""
DEBIAN = "http://deb.debian.org/debian bookworm/main amd64 Packages"
STATUS = "        100 /var/lib/dpkg/status\n"


@pytest.mark.parametrize("rows, ok", [
    (f" *** 3 500\n        500 {DEBIAN}\n{STATUS}", True),
    (f" *** 3 100\n{STATUS}", False),
    (f"     4 500\n        500 {DEBIAN}\n *** 3 100\n{STATUS}", True),
    # Newer than Debian's, from elsewhere or from nowhere.
    (f" *** 5 100\n{STATUS}     4 500\n        500 {DEBIAN}\n", False),
    (" *** 5 500\n        500 https://example.org x/main amd64 Packages\n"
     f"{STATUS}     4 500\n        500 {DEBIAN}\n", False),
    # Older, but another archive still has it.
    (f"     5 500\n        500 {DEBIAN}\n *** 4 500\n"
     f"        500 https://example.org x/main amd64 Packages\n{STATUS}",
     False),
])
def test_which_packages_are_foreign(rows, ok):
    policy = POLICY.format(installed="x", rows=rows)
    assert list(debian.foreign(policy, {DEBIAN})) == ([] if ok else ["gcc"])


def test_which_archives_are_debians():
    assert debian.archives(
        "Package files:\n 100 /var/lib/dpkg/status\n     release a=now\n"
        f" 500 {DEBIAN}\n     release v=12.11,o=Debian,a=stable,n=bookworm\n"
        "     origin deb.debian.org\n"
        " 600 https://example.org x/main amd64 Packages\n"
        "     release o=Node Source,n=x\n") == {DEBIAN}


HEAVY = re.compile(r"chromium|firefox|kernelshark|sphinx|^npm|nodejs|"
                   r"^linux-(source|headers|image)")


def test_make_test_needs_no_browser_and_no_kernel():
    names = debian.listed("run") | debian.listed("test")
    assert not list(filter(HEAVY.search, names))
    assert list(filter(HEAVY.search, ["chromium", "npm", "linux-source-6.1"]))


SCRIPT = """\
#!/bin/sh
# a comment names nothing
set -e
helper() {
	one "$(two <file | three)" || { four; }
}
case $1 in
five | six) seven x ;;
*) X=1 eight '(nine)' ;;
esac
if ! command -v ten >/dev/null; then helper; fi
for i in eleven; do twelve 2>&1; x=$((i + 1)) y=$((y + 2)); done
(thirteen; exec fourteen "a; b") | env Y=2 fifteen &
$sudo sixteen
"""


def test_programs_of_a_shell_script():
    assert needs.of_shell(SCRIPT) == {
        "one", "two", "three", "four", "seven", "eight", "ten", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen"}


MAKEFILE = """\
CC := $(CROSS_COMPILE)one
FLAGS := -a \\
	-b
TOOL = $(CC) x
all: other
	@mkdir x; two $(FLAGS) $@ | three
	$(Q)$(TOOL) -c $<
	-$(if $(A),b) "$$(four)"
	$$(CC) $$(filter %.o,$$^) && $(call run,$<)
B := $(shell five $(call six,x))
LINK_x := seven -o
"""


def test_programs_of_a_makefile():
    assert needs.of_makefile(MAKEFILE, {"seven"}.__contains__) == {
        "mkdir", "one", "two", "three", "four", "five", "seven"}


PROGRAM = """\
import os, re as r
from xml.etree import ElementTree
from . import mine
TOOL = "one"
def f(x="two", *, y="three"):
    subprocess.run(["four", x], check=True)
    run("five", "six")
    pexpect.spawn(f"seven {x}"); pexpect.spawn("eight -x")
    command = ["nine", *x]
    words = ["no-program", "x"]
    path.write_text(f"#!/bin/sh\\nten {x}\\n")
    run(["sh", "-c", "eleven; twelve"])
    parser.add_argument("--x", default="thirteen")
    os.environ.get("X", "fourteen")
class Kind(enum.Enum):
    VALUE = "fifteen"
"""


def test_programs_of_a_python_text():
    names = set("one two three nine thirteen fourteen".split())
    there_too = names | {"fifteen"}
    assert set(needs.of_python(PROGRAM, there_too.__contains__)) == names | set(
        "four five eight ten sh eleven twelve".split())
    assert set(needs.imports(PROGRAM)) == {"os", "re", "xml.etree"}
