# SPDX-License-Identifier: MIT
"""The one exception of the library."""


class TraceError(Exception):
    """The error for an unreadable input: its name, the place and the reason.

    offset counts bytes from the start of the file; None if the error has no
    single place.
    """

    def __init__(self, path: object, offset: int | None, what: str) -> None:
        self.path, self.offset, self.what = str(path), offset, what
        where = "" if offset is None else f" at byte {offset} ({offset:#x})"
        super().__init__(f"{self.path}:{where} {what}")
