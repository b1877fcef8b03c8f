# SPDX-License-Identifier: MIT
"""The one exception of the library."""


class TraceError(Exception):
    """An input that cannot be read: which, where, and what is wrong with it.

    offset counts bytes from the start of the file; None where no single place
    is to blame.
    """

    def __init__(self, path: object, offset: int | None, what: str) -> None:
        self.path, self.offset, self.what = str(path), offset, what
        where = "" if offset is None else f" at byte {offset} ({offset:#x})"
        super().__init__(f"{self.path}:{where} {what}")
