# SPDX-License-Identifier: MIT
# parts: test 11
"""The lists of tests/parts.py: what they cost, that no test is in none of them
or in two, and the shards. And tests/watch.py, which counts CPU seconds."""
import json
import os
import re
import shlex
import subprocess
import time

import pytest

from tests import parts, qemu, torture
from tests.python import COMMAND as PYTHON

TEST, ALL, TORTURE = parts.TEST, parts.ALL, parts.TORTURE

# What a newcomer's `make test` has at least one part of.
KINDS = ["unit", "fuzz", "lint", "kernel-4", "no-chains", "sessions", "boot",
         "harness", "docs", "patch_model", "patch_seeds"]


# ---- the table -------------------------------------------------------------

@pytest.mark.parametrize("which", [TEST, ALL])
def test_the_budgets_are_within_the_limit(which):
    """A part that is added to a full list moves another one to the next."""
    total = sum(part.budget for part in [parts.KERNEL, *parts.of(which)])
    assert total <= parts.LIMITS[which]


def test_there_is_one_of_every_kind():
    assert not set(KINDS) - {part.name for part in parts.of(TEST)}


def test_a_part_is_in_one_list():
    """test-all is test and more; torture is the rest."""
    test, rest, torture = ({part.name for part in chosen} for chosen in (
        parts.of(TEST), parts.of(ALL, skip_test=True), parts.of(TORTURE)))
    every = [part.name for part in parts.every()]
    assert {part.name for part in parts.of(ALL)} == test | rest
    assert sorted(every) == sorted([*test, *rest, *torture])
    assert len(every) == len(set(every))


def test_torture_runs_what_is_left_to_it(monkeypatch):
    """And nothing of it counts in the other lists."""
    before = parts.of(ALL)
    known = parts.lists_of
    monkeypatch.setattr(parts, "lists_of", lambda path, text: {
        TEST: 5, TORTURE: 70} if path.stem == "test_docs" else known(path,
                                                                     text))
    assert "docs-torture" in [part.name for part in parts.of(TORTURE)]
    assert "docs-torture" in [row[0] for row in torture.rows()]
    assert {part.name for part in parts.of(ALL)} == \
        {part.name for part in before}


def test_a_file_says_in_which_lists_it_is():
    assert parts.lists_of("x", "# parts: test 9, test-all 15\n") == {
        TEST: 9, ALL: 15}
    assert parts.lists_of("x", "import os\n") == parts.DEFAULT
    assert parts.lists_of("x", 'TEXT = "# parts: test 9"\n') == parts.DEFAULT


@pytest.mark.parametrize("row", ["tset 9", "test", "test 9 test-all 5",
                                 "test 9; torture 7", "test x", ""])
def test_a_wrong_row_is_refused(row):
    with pytest.raises(SystemExit, match=f"tests/x.py: '# parts: {row}'"):
        parts.lists_of("tests/x.py", f"# parts: {row}\n")


def collect(*options):
    """Names of the tests that pytest would run."""
    done = subprocess.run(
        [*PYTHON, "-m", "pytest", "-q", "--collect-only",
         "-p", "no:cacheprovider", "--strict-markers", *options],
        cwd=qemu.ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (0, 5), done.stdout  # 5: there is none
    return [line for line in done.stdout.splitlines() if "::" in line]


def mark_of(part):
    return part.command[part.command.index("-m", len(PYTHON) + 2) + 1]


def test_every_test_is_in_one_list():
    """The marks and the lists of its file put it there."""
    wanted = {}
    for part in parts.every():
        if part.junit:
            wanted.setdefault((part.where, mark_of(part)), []).append(
                part.command[-1])
    found = {key: collect("-m", key[1], *files)
             for key, files in wanted.items()}
    whole = collect("tests")
    assert sorted(sum(found.values(), [])) == sorted(whole)
    assert len(set(whole)) == len(whole)
    # And Bochs is asked once by `make test`.
    assert any("test_bochs" in name for (where, _), names in found.items()
               for name in names if where == TEST)


MARKED = """import pytest
def test_a(): pass
@pytest.mark.slow
def test_b(): pass
@pytest.mark.torture
def test_c(): pass
"""


@pytest.mark.parametrize("lists, names", [
    ([TEST, ALL, TORTURE], ["a", "b", "c"]),
    ([TEST, ALL], ["a", "b"]),  # c is lost, and the test above would say so
    ([TEST, TORTURE], ["a", "bc"]),
    ([ALL, TORTURE], ["ab", "c"]),
    ([ALL], ["ab"]),
    ([TORTURE], ["abc"]),
])
def test_marks_choose_the_list(tmp_path, lists, names):
    path = tmp_path / "test_x.py"
    path.write_text(MARKED)
    got = [collect("-p", "tests.conftest", "-m", parts.selection(here, lists),
                   str(path)) for here in lists]
    assert ["".join(name[-1] for name in some) for some in got] == names


def test_a_wrong_mark_is_refused(tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text(MARKED.replace("slow", "slwo"))
    with pytest.raises(AssertionError, match="slwo"):
        collect("-p", "tests.conftest", str(path))


# ---- shards ----------------------------------------------------------------

@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("which", [TEST, ALL])
def test_shards_are_disjoint_and_together_all(which, n):
    every = parts.of(which)
    shards = [parts.shard(every, f"{i + 1}/{n}") for i in range(n)]
    assert sorted(part.name for shard in shards for part in shard) == \
        sorted(part.name for part in every)
    assert shards == [parts.shard(parts.of(which), f"{i + 1}/{n}")
                      for i in range(n)]
    loads = [sum(part.budget for part in shard) for shard in shards]
    assert max(loads) - min(loads) <= max(part.budget for part in every)


@pytest.mark.parametrize("text", ["0/3", "4/3", "x", "1/", "/3", "1/0", "-1/3",
                                  "1/999", "1/3/5", "1,3"])
def test_a_wrong_shard_is_refused(text):
    with pytest.raises(SystemExit, match=re.escape(f"shard '{text}'")):
        parts.shard(parts.every(), text)


LIST = ("import sys; sys.path.insert(0, '.')\nfrom tests import run\n"
        "run.check = lambda chosen: print(*[p.name for p in chosen]) or 0\n"
        "sys.argv[0] = 'run.py'\nrun.main()\n")


def chosen(*arguments, **environment):
    """Names of the parts that tests/run.py would run, or what it complains."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("SHARD", "SKIP_TEST")}
    done = subprocess.run([*PYTHON, "-c", LIST, *arguments],
                          cwd=qemu.ROOT, env=env | environment, text=True,
                          capture_output=True, check=False)
    return done.stdout.split() if done.returncode == 0 else done.stderr


def test_what_the_options_choose():
    """--shard is SHARD=, as make hands it on."""
    test, every = chosen("test"), chosen("test-all")
    assert test and set(test) < set(every)
    rest = chosen("test-all", SKIP_TEST="1")
    assert sorted(test + rest) == sorted(every)
    assert chosen("test-all", SKIP_TEST="0") == every
    assert chosen("test", SKIP_TEST="1") == test
    thirds = [chosen("test", "--shard", f"{i}/3") for i in (1, 2, 3)]
    assert sorted(sum(thirds, [])) == sorted(test)
    assert chosen("test", SHARD="2/3") == thirds[1]


@pytest.mark.parametrize("arguments, environment, words", [
    (["test", "--shard", "5/3"], {}, "run.py: shard '5/3': write i/n"),
    (["test"], {"SHARD": "all"}, "run.py: shard 'all': write i/n"),
    (["test-all"], {"SKIP_TEST": "yes"}, "run.py: SKIP_TEST='yes'"),
    (["test", "--shard"], {}, "run.py: --shard"),
    (["test", "--shards", "1/3"], {}, "run.py: --shards"),
    (["unit", "--shard", "1/3"], {}, "run.py: --shard"),
])
def test_a_wrong_option_is_refused(arguments, environment, words):
    assert words in chosen(*arguments, **environment)


# ---- tests/watch.py --------------------------------------------------------

BURN = "import time\nwhile time.process_time() < {}: pass\n"


def burn(seconds):
    return f"{shlex.join(PYTHON)} -c '{BURN.format(seconds)}'"


def watch(tmp_path, command, cpu=60, wall=60, look=0.5):
    """Status, CPU seconds, and why it was ended."""
    result = tmp_path / "result"
    script = ("import sys; sys.path.insert(0, '.')\nfrom tests import watch\n"
              f"watch.LOOK = {look}\nwatch.main()\n")
    done = subprocess.run(
        [*PYTHON, "-c", script, result, str(cpu), str(wall), *command],
        cwd=qemu.ROOT, stdout=subprocess.DEVNULL, timeout=120, check=False)
    cost = json.loads(result.read_text())
    return done.returncode, cost["cpu"], cost["why"]


def alive(pidfile):
    return os.path.exists(f"/proc/{pidfile.read_text().strip()}")


def test_waited_for_or_not_all_is_counted(tmp_path):
    """A child, a child in a session of its own whose parent is gone, and one
    that is killed together with its parent."""
    script = (f"{burn(0.4)}\n(setsid sh -c \"{burn(0.4)}; touch done\" &)\n"
              "until test -e done; do sleep 0.1; done\n"
              f"timeout -s KILL 60 sh -c \"{burn(0.4)}; touch dead; sleep 50\" "
              "& until test -e dead; do sleep 0.1; done; kill -9 $!\n")
    status, used, why = watch(tmp_path, ["sh", "-c",
                                         f"cd {tmp_path}\n{script}"])
    assert (status, why) == (0, "") and 1.2 <= used < 5


def test_nothing_is_left_behind(tmp_path):
    status, _, why = watch(tmp_path, [
        "sh", "-c", f"setsid sleep 60 & echo $! >{tmp_path}/pid"])
    assert (status, why) == (0, "") and not alive(tmp_path / "pid")


@pytest.mark.parametrize("cpu, wall, words", [
    (0.5, 60, "CPU s used, the limit is 0.5"),
    (60, 1, "no end after 1 s"),
])
def test_a_limit_ends_a_grandchild_too(tmp_path, cpu, wall, words):
    status, _, why = watch(
        tmp_path, ["sh", "-c", f"setsid {burn(100)} & echo $! >{tmp_path}/pid;"
                   " wait"], cpu, wall)
    assert status == 1 and words in why and not alive(tmp_path / "pid")


def test_what_is_used_before_the_first_look_counts(tmp_path):
    status, used, why = watch(tmp_path, ["sh", "-c", burn(0.3)], cpu=0.2,
                              look=60)
    assert status == 0 and used >= 0.3 and "the limit is 0.2" in why


@pytest.mark.parametrize("command, status", [
    (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137),
    (["sh", "-c", "kill -13 $$"], 141),  # a pipe may break, as elsewhere
])
def test_the_status_is_the_commands(tmp_path, command, status):
    assert watch(tmp_path, command)[0] == status


def test_told_to_end_it_ends_all(tmp_path):
    pid = tmp_path / "pid"
    with subprocess.Popen(
            [*PYTHON, qemu.ROOT / "tests/watch.py", tmp_path / "result",
             "60", "60", "sh", "-c",
             f"setsid sleep 60 & echo $! >{pid}; wait"]) as process:
        bound = time.monotonic() + 20
        while not (pid.exists() and pid.read_text()):
            assert time.monotonic() < bound
            time.sleep(0.05)
        process.terminate()
        assert process.wait(20) == 1
    assert not alive(pid)
