# SPDX-License-Identifier: MIT
"""Scenes written by hand, as a kernel would log them: four CPUs, CPU 0 patches
a NOP into a call."""
import json

OLD, NEW = "0f1f440000", "e8ab190000"


def line(e, **fields):
    return json.dumps({"th": 1, "e": e, **fields}, separators=(",", ":"))


def head(method, parts, cpus=4, **about):
    return [line("scene", method=method, cpus=cpus, patcher=0,
                 site="ffffffff80123456", fn="demo_step", clock="insn",
                 **about),
            line("site", old=OLD, new=NEW, parts=parts)]


def step(i, name, t, end):
    return line("step", i=i, name=name, t=t, end=end)


def store(t, off, length, after):
    return line("store", cpu=0, t=t, end=t + 3, off=off, len=length, b=after)


def run(cpu, t, n, did, how="direct", **more):
    return line("run", cpu=cpu, t=t, last=t + 5 * n, end=t + 5 * n + 4, n=n,
                did=did, how=how, **more)


def sync(number, t, cpus=4):
    return [line("ipi", round=number, t=t)] + [
        line("ack", round=number, cpu=cpu, t=t + 5 * cpu + 2,
             end=t + 5 * cpu + 4) for cpu in range(cpus)]


def end(calls, torn=0, lost=0, dropped=0):
    return [line("end", calls=calls, torn=torn, lost=lost, dropped=dropped)]


def naive():
    """Byte by byte; CPU 2 comes in the middle."""
    return head("naive", [1] * 5, seed=9) + [
        run(1, 10, 12, "old"), run(2, 12, 11, "old"), run(3, 14, 10, "old"),
        step(0, "bytes", 100, 150), store(101, 0, 1, "e81f440000"),
        store(110, 1, 1, "e8ab440000"),
        run(2, 112, 1, "mix", saw="e8ab440000", vec=14),
        store(130, 2, 1, "e8ab190000"), store(135, 3, 1, "e8ab190000"),
        store(140, 4, 1, "e8ab190000"),
        run(1, 160, 20, "new"), run(2, 165, 21, "new"), run(3, 168, 9, "new"),
    ] + end(84, torn=1)


def int3(syncs=True):
    """INT3, tail, first byte; with a round of syncs after each, or without."""
    rounds = [sync(i + 1, t) if syncs else []
              for i, t in enumerate((210, 310, 410))]
    return head("int3" if syncs else "int3-nosync", [1, 4]) + [
        run(1, 10, 30, "old"), run(2, 12, 31, "old"), run(3, 14, 29, "old"),
        step(0, "publish", 190, 199), step(1, "int3", 200, 240),
        store(201, 0, 1, "cc1f440000"), *rounds[0],
        run(1, 240, 9, "new", "trap", late=0, again=0),
        run(3, 245, 7, "new", "trap", late=0, again=0),
        step(2, "tails", 300, 340), store(301, 1, 4, "ccab190000"),
        *rounds[1],
        step(3, "first byte", 400, 440), store(401, 0, 1, NEW), *rounds[2],
        step(4, "retire", 450, 460),
        run(1, 461, 40, "new"), run(2, 463, 38, "new"), run(3, 465, 41, "new"),
    ] + end(225)


def stop():
    """All other CPUs are parked while the bytes change."""
    return head("stop", [5]) + [
        run(1, 10, 8, "old"), run(2, 12, 9, "old"), run(3, 14, 7, "old"),
        step(0, "stop", 90, 99),
        *[line("park", cpu=cpu, t=95 + cpu, end=150 + cpu)
          for cpu in (1, 2, 3)],
        step(1, "bytes", 100, 140), store(101, 0, 5, NEW),
        line("ack", round=1, cpu=0, t=141, end=142), step(2, "go", 145, 155),
        run(1, 160, 8, "new"), run(2, 161, 8, "new"), run(3, 162, 8, "new"),
    ] + end(48)


ALL = {"naive": naive, "int3": int3, "int3-nosync": lambda: int3(False),
       "stop": stop}


def log(*names):
    noise = ["[    0.1] nop5: a kernel", "# KTAP", '{"other": 1}']
    return "\n".join(noise + [row for name in names for row in ALL[name]()])
