# SPDX-License-Identifier: MIT
"""Makes a scene of a counterexample that Spin finds: the model of the patch
protocol (tests/model/text_poke.pml) with one part taken away.

One batch, two processors, no NMI. A step of the trail is one unit of time. A
version's bytes are those of a NOP and of a call; the patcher is CPU 0.
"""
import json
import pathlib
import re
import subprocess
import tempfile

from tools.theatre.scene import SceneError, parse
from tools.theatre.sources import ROOT

MODEL = ROOT / "tests/model/text_poke.pml"
CPUS = 2  # processors, besides the patcher
BATCH = ["-DNO_NMI", "-DNBATCH=1", f"-DNCPU={CPUS}"]
INT3 = 9
WORDS = ["0f1f440000", "e80b200000"]
STEP = re.compile(r"^\s*\d+:\tproc\s+(\d+) \((\w+):\d+\).*\t\[(.*)\]$")
TORN = "assert((bh[me]==bt[me]))"
PASSED = "assert((bh[me]<=begun))"
TRAPPED = "assert(((from<=got)&&(got<=begun)))"


def run(directory, *command):
    done = subprocess.run(command, cwd=directory, text=True, check=False,
                          capture_output=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def trail(defines):
    """The steps of the shortest counterexample, as text, and Spin's version."""
    with tempfile.TemporaryDirectory(prefix="theatre-") as folder:
        options = [*BATCH, *(f"-D{name}" for name in defines)]
        status, said = run(folder, "spin", "-a", *options, str(MODEL))
        if status:
            raise SceneError(f"spin: {said.strip()}")
        status, said = run(folder, "gcc", "-w", "-DSAFETY", "-DBFS",
                           "-DNOREDUCE", "-o", "pan", "pan.c")
        if status:
            raise SceneError(f"gcc: {said.strip()}")
        said = run(folder, "./pan")[1]
        if "errors: 0" in said:
            raise SceneError(f"MODEL={' '.join(defines)}: Spin finds no "
                             "counterexample, the protocol holds")
        trails = list(pathlib.Path(folder).glob("*.trail"))
        if not trails:
            raise SceneError(f"spin: no trail\n{said.strip()}")
        steps = run(folder, "spin", *options, "-t", "-p", "-k",
                    str(trails[0]), str(MODEL))[1]
        return steps, run(folder, "spin", "-V")[1].split()[2]


class Trail:
    """Follows the model's variables and writes the scene's events."""

    def __init__(self):
        self.head = self.tail = 0
        self.buffer = {cpu: [0, 0] for cpu in range(1, CPUS + 1)}
        self.got = dict.fromkeys(self.buffer, 0)
        self.round = self.live = self.calls = self.torn = 0
        self.at, self.events, self.steps = 0, [], []

    def add(self, form, **fields):
        self.events.append({"th": 1, "e": form, **fields})

    def step(self, name):
        if self.steps:
            self.steps[-1]["end"] = self.at - 1
        self.steps.append({"i": len(self.steps), "name": name, "t": self.at,
                           "end": self.at})

    def memory(self):
        first = "cc" if self.head == INT3 else WORDS[self.head][:2]
        return first + WORDS[self.tail][2:]

    def store(self, name, first, size):
        self.step(name)
        self.add("store", cpu=0, t=self.at, end=self.at, off=first, len=size,
                 b=self.memory())

    def patcher(self, text):
        if text == "seq = (seq+1)":
            self.live += 1
            self.step("publish" if self.live == 1 else "retire")
        elif text == "round = (round+1)":
            self.round += 1
            self.step("sync")
            self.add("ipi", round=self.round, t=self.at)
            self.add("ack", round=self.round, cpu=0, t=self.at, end=self.at)
        elif text == f"head = {INT3}":
            self.head = INT3
            self.store("int3", 0, 1)
        elif text == "tail = version":
            self.tail = 1
            self.store("tails", 1, 4)
        elif text == "head = version":
            self.head = 1
            self.store("first byte", 0, 1)

    def passes(self, cpu, did, how, **more):
        self.calls += 1
        self.torn += did == "mix"
        self.add("run", cpu=cpu, t=self.at, last=self.at, end=self.at, n=1,
                 did=did, how=how, **more)

    def processor(self, cpu, text):
        held, did = self.buffer[cpu], ("old", "new")
        if text == "bh[me] = head":
            held[0] = self.head
            self.add("fetch", cpu=cpu, t=self.at, off=0, len=1,
                     b=self.memory())
        elif text == "bt[me] = tail":
            held[1] = self.tail
            self.add("fetch", cpu=cpu, t=self.at, off=1, len=4,
                     b=self.memory())
        elif text == "ack[me] = round":
            self.add("ack", round=self.round, cpu=cpu, t=self.at, end=self.at)
        elif text.startswith("got = ") and text != "got = 8":
            self.got[cpu] = {"held": 1, "(held-1)": 0}.get(text[6:], self.head)
        elif text == TRAPPED:
            self.passes(cpu, did[self.got[cpu]], "trap", late=0, again=0)
        elif text == PASSED:
            self.passes(cpu, did[held[0]], "direct")
        elif text == TORN and held[0] != held[1]:
            self.passes(cpu, "mix", "direct", saw=WORDS[held[0]][:2]
                        + WORDS[held[1]][2:])

    def play(self, text):
        for row in text.splitlines():
            found = STEP.match(row)
            if not found:
                continue
            self.at += 1
            pid, kind, what = found.groups()
            if kind == "patcher":
                self.patcher(what)
            elif kind == "processor":
                self.processor(int(pid), what)
        if self.steps:
            self.steps[-1]["end"] = self.at


def lines(model, text, version):
    """The scene as the kernel would write it."""
    played = Trail()
    played.play(text)
    if f"text of failed assertion: {TORN}" not in text:
        raise SceneError(f"MODEL={model}: Spin's counterexample is none of "
                         "mixed bytes; NO_SYNC1, NO_SYNC2 and HEAD_FIRST have "
                         "one")
    head = [{"th": 1, "e": "scene", "method": model, "cpus": CPUS + 1,
             "patcher": 0, "fn": "site", "clock": "steps", "spin": version},
            {"th": 1, "e": "site", "old": WORDS[0], "new": WORDS[1],
             "parts": [1, 4]}]
    steps = [{"th": 1, "e": "step", **step} for step in played.steps]
    # Spin ends at the first violation.
    end = {"th": 1, "e": "end", "calls": played.calls, "torn": 1, "lost": 0,
           "dropped": 0, "complete": 0}
    return "\n".join(json.dumps(line, separators=(",", ":"))
                     for line in [*head, *steps, *played.events, end])


def record(model):
    """The scene of the model without the parts that the words name."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*( [A-Z][A-Z0-9_]*)*", model):
        raise SceneError(f"MODEL={model}: a name such as NO_SYNC1")
    known = set(re.findall(r"^#if(?:n?def) (\w+)", MODEL.read_text("utf-8"),
                           re.MULTILINE)) - {"NCPU", "NBATCH", "NO_NMI"}
    for name in model.split():
        if name not in known:
            raise SceneError(f"MODEL={model}: the model has no {name}")
    return parse(lines(model, *trail(model.split())), model)
