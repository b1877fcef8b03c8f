# SPDX-License-Identifier: MIT
# parts: test 1
"""tests/mutants.py: a mutant finds its place in any format, and no other."""
import pytest

from tests.mutants import mutated

CODE = "\tif (a_b(x,\n\t\ty) > 1) /* no */\n\t\treturn 0;\n"


@pytest.mark.parametrize("text", [
    "	if (a_b(x, y) > 1)", "if(a_b(x,y)>1)", "if ( a_b ( x,\n\ny) > 1 )\n"])
def test_the_format_does_not_matter(text):
    assert mutated(CODE, text, "\tif (0)") == \
        "\tif (0) /* no */\n\t\treturn 0;\n"


@pytest.mark.parametrize("source, text", [
    (CODE, "if (a_b(x, y) > 2)"), (CODE, "b(x, y)"), (CODE, "a_b(x, y) > 1 no"),
    (CODE, "return"  " 1;"), (CODE + CODE, "return 0;"), (CODE, "retur")])
def test_another_word_or_a_second_place_is_an_error(source, text):
    with pytest.raises(AssertionError, match="places read as"):
        mutated(source, text, "")
