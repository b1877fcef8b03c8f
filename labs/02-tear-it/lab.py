# SPDX-License-Identifier: MIT
from tools.labs.spec import answer

TITLE = "Tear it: why five stores are not one"
ANSWERS = ["start: 1", "seed:", "bytes:", "torn:", "could:", "trapped:"]
TESTS = [
    answer("seed", 20, "seed"),
    answer("bytes", 25, "bytes"),
    answer("torn", 15, "torn"),
    answer("could", 25, "could"),
    answer("trapped", 15, "trapped"),
]
SCENE = "naive"
