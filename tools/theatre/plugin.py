# SPDX-License-Identifier: MIT
"""Has an outside judge write the same scene: a plugin of QEMU
(tests/plugin/scene.c), which sees what is translated, executed and stored at
the site, and nothing of the kernel's own account."""
import pathlib
import subprocess
import tempfile

from tools.theatre import boot
from tools.theatre.scene import SceneError, parse
from tools.theatre.sources import ROOT

SOURCE = ROOT / "tests/plugin/scene.c"
KERNEL_VMA = 0xffffffff80000000  # where physical memory is mapped for code


def compile_to(path):
    done = subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror",
                           "-shared", "-fPIC", "-o", str(path), str(SOURCE)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise SceneError(f"gcc: {done.stderr.strip()}")


def arguments(scene, library, out):
    site = int(scene.about["site"], 16)
    return ["-plugin", f"file={library},site={site:x},"
            f"phys={site - KERNEL_VMA:x},old={scene.old.hex()},"
            f"new={scene.new.hex()},cpus={scene.about['cpus']},"
            f"method={scene.about['method']},out={out}"]


def counts(scene):
    """What both writers must agree about."""
    runs = [event for event in scene.events if event["e"] == "run"]
    return {"calls": sum(run["n"] for run in runs),
            **{how: sum(run["n"] for run in runs if run["how"] == how)
               for how in ("trap", "spin")},
            "torn": sorted((run["cpu"], run["saw"].hex()) for run in runs
                           if run["did"] == "mix" for _ in range(run["n"]))}


def compare(ours, theirs):
    """Raises SceneError if the plugin's scene contradicts the kernel's."""
    kernel, plugin = counts(ours), counts(theirs)
    for key, value in kernel.items():
        if plugin[key] != value:
            raise SceneError(f"{key}: the kernel says {value}, QEMU's plugin "
                             f"{plugin[key]}")


def record(kernel, smp, method, seed):
    """The kernel's scene and the plugin's of the same boot, compared."""
    # The first boot tells where the site is; the second is the same one.
    scene, = boot.record(kernel, smp, method, seed)
    with tempfile.TemporaryDirectory(prefix="theatre-") as folder:
        library, out = (pathlib.Path(folder, name)
                        for name in ("scene.so", "scene.log"))
        compile_to(library)
        log = boot.boot(kernel, smp, boot.words_of(method, seed),
                        more=arguments(scene, library, out))
        ours, = boot.scenes_of(boot.between_marks(log), kernel, seed)
        if ours != scene:
            raise SceneError("the boot with the plugin is another one")
        theirs, = parse(out.read_text(encoding="utf-8"), "plugin")
    theirs.about["seed"] = ours.about["seed"]
    compare(ours, theirs)
    return [ours, theirs]
