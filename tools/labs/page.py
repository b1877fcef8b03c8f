# SPDX-License-Identifier: MIT
"""The theatre page of what has failed: of a load that was filmed, or of the
lab's scene, played by the kernel that was graded."""
from tools.labs import build
from tools.labs.cut import LabError
from tools.theatre import boot, report
from tools.theatre.scene import SceneError, parse

SEED = "1"


def filmed(logs):
    for log in logs:
        if '{"th":1,' in log:
            return parse(log)
    return []


def write(tree, lab, logs, path):
    """The path of the page, or None and why there is none; None, None for a lab
    that has no scene."""
    try:
        scenes = filmed(logs)
        if not scenes and lab.scene:
            scenes = boot.record(build.image(tree, "debug"), 4, lab.scene,
                                 SEED)
        if not scenes:
            return None, None
        path.parent.mkdir(parents=True, exist_ok=True)
        report.write(scenes, path)
        return path, None
    except (SceneError, LabError, OSError) as error:
        return None, str(error).splitlines()[0]
