# SPDX-License-Identifier: MIT
"""`make grade LAB=3`: points for each test, `Score: n/m`, results.json.

In a tree that was handed out all files but the student's own come from its
first commit, so an edited test changes nothing. In the whole tree they come
from that tree, and DIR= names a student's: so a lecturer grades.
"""
import json
import os
import pathlib
import sys

from tools.labs import judge, page, puzzle_grade, spec, tree
from tools.labs.cut import LabError

ROOT = spec.ROOT


def build_folder():
    return ROOT / os.environ.get("BUILD", "build")


def student_files(lab, student):
    """What is taken of a student's tree."""
    found = {}
    for name in lab.files:
        path = student / name
        if not path.is_file():
            raise LabError(f"{student}: there is no {name}")
        found[name] = path.read_bytes()
    return found


def not_taken(base, student, taken):
    """Files that were changed beside those: they do not count."""
    return [path for path in tree.listed(student)
            if path in base and path not in taken
            and (student / path).read_bytes() != base[path]]


def score(lab, results):
    return sum(test.points for test, result in zip(lab.tests, results)
               if result.passed)


def lines_of(lab, results):
    """A reason of several lines, as the compiler's, is shown once."""
    shown = {}
    for test, result in zip(lab.tests, results):
        verdict = "OK" if result.passed else "FAIL"
        points = test.points if result.passed else 0
        yield f"{test.name}: {verdict} ({points}/{test.points})"
        first = shown.setdefault(result.why, test.name)
        why = result.why if first == test.name or "\n" not in result.why \
            else f"as {first}: {result.why.splitlines()[0].rstrip(':')}"
        yield from (f"    {line}" for line in why.splitlines())
    yield f"Score: {score(lab, results)}/{lab.points}"


def gradescope(lab, results):
    """https://gradescope-autograders.readthedocs.io, results.json"""
    return {
        "score": score(lab, results), "output": lab.title,
        "visibility": "visible", "stdout_visibility": "visible",
        "tests": [{
            "name": test.name, "max_score": test.points,
            "score": test.points if result.passed else 0,
            "status": "passed" if result.passed else "failed",
            "output": result.why, "visibility": "visible",
        } for test, result in zip(lab.tests, results)]}


def run(lab, base, own, work, like=None):
    """Results and logs of the base's tree with a student's own files."""
    logs = []
    tree.sync(work, base | own, like)
    return judge.judge(work, lab, logs), logs


def report(lab, results, logs, work, out):
    """Prints, and writes results.json and perhaps a page into out."""
    print("\n".join(lines_of(lab, results)))
    (out / "results.json").write_text(
        json.dumps(gradescope(lab, results), indent=1) + "\n", "utf-8")
    if all(result.passed for result in results):
        return 0
    path, why = page.write(work, lab, logs,
                           build_folder() / "lab-theatre.html")
    if path or why:
        print(f"theatre: {path or why}")
    return 1


def work_folder():
    work = build_folder() / "grade"
    work.mkdir(parents=True, exist_ok=True)
    tree.seed_objects(work, build_folder())
    return work


def grade(number, folder, base):
    lab = spec.load(number)
    student = folder or ROOT
    own = student_files(lab, student)
    for path in not_taken(base, student, own)[:10]:
        print(f"{path}: changed, but not part of this lab: not taken")
    work = work_folder()
    results, logs = run(lab, base, own, work, ROOT)
    return report(lab, results, logs, work, ROOT)


def grade_puzzle(seed, folder, base):
    work = work_folder()
    found = puzzle_grade.grade(ROOT, folder or (ROOT if not seed else None),
                               seed, work, base)
    return report(*found, work, ROOT)


def main():
    number, folder, seed = (os.environ.get(name, "")
                            for name in ("LAB", "DIR", "SEED"))
    folder = pathlib.Path(folder).absolute() if folder else None
    try:
        if folder and not folder.is_dir():
            raise LabError(f"DIR={folder}: is no folder")
        puzzle = puzzle_grade.is_puzzle(ROOT)
        first = puzzle or spec.handed_out(ROOT)
        base = tree.first_commit(ROOT) if first else tree.read(ROOT)
        if puzzle or seed:
            return grade_puzzle(seed, folder, base)
        return grade(number, folder, base)
    except LabError as error:
        print(f"grade: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
