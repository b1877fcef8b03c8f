# SPDX-License-Identifier: MIT
"""Programs on a terminal of their own. Where the system has none to give, a
test says so in one sentence."""
import os
import shlex

import pexpect
import pytest


def openpty():
    """A terminal: the descriptors of its two ends."""
    try:
        return os.openpty()
    except OSError as error:
        why = error.strerror
    pytest.fail("needs a terminal, and the system gives none: "
                f"{why} (is /dev/pts mounted?)", pytrace=False)


def spawn(command, **options):
    """pexpect's, of a list of words, with text in UTF-8 and no echo."""
    for end in openpty():
        os.close(end)
    return pexpect.spawn(shlex.join(map(str, command)), encoding="utf-8",
                         echo=False, **options)
