# SPDX-License-Identifier: MIT
"""A tree in memory that speaks TFS1: stands in for the guest's file server.

    with Double({"tracing_on": b"1\\n", "events/": None}) as double:
        ...  # double.path is its socket

It answers one request at a time, in the order they come, but a READ of a Stream
and a POLL with WAIT, which wait until there is something. So what a client
sends too early is seen. `asked` has all requests.
"""
import contextlib
import errno
import os
import select
import socket
import stat
import tempfile
import threading
import zlib
from dataclasses import dataclass

from tools.tracefs import tfs1

ERRNO = {"EINVAL", "EBUSY", "ENOENT"}


@dataclass
class Asked:
    op: int
    flags: int
    handle: int
    offset: int
    count: int
    pid: int
    ppid: int
    comm: str
    payload: bytes
    id: int


class Stream:
    """A file whose reader waits for what comes: trace_pipe."""

    def __init__(self):
        self.data = b""


@dataclass
class Open:
    path: str
    flags: int
    snapshot: bytes = None
    typed: bytes = b""


class Double:
    def __init__(self, tree, cpus=4):
        self.files = {path: value for path, value in tree.items()
                      if not path.endswith("/")}
        self.folders = {path.rstrip("/") for path in tree
                        if path.endswith("/")} | {""}
        for path in tree:
            while path := path.rstrip("/").rpartition("/")[0]:
                self.folders.add(path)
        self.inodes, self.next_inode = {}, 1
        self.cpus, self.handles, self.asked = cpus, {}, []
        self.waiting = []  # requests that wait for a stream
        self.deaf = self.damage = False
        self.close_holds = threading.Event()  # set: CLOSE is carried out
        self.close_holds.set()
        self.folder = tempfile.TemporaryDirectory(prefix="nop5-")
        self.path = os.path.join(self.folder.name, "s")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.wake, self.woken = os.pipe()
        self.lock, self.line = threading.RLock(), None
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.die()
        self.thread.join(20)
        self.listener.close()
        os.close(self.wake)
        os.close(self.woken)
        self.folder.cleanup()

    def die(self):
        """As a guest that panics: QEMU is gone."""
        os.write(self.woken, b"d")

    def push(self, path, data):
        """A stream goes on."""
        with self.lock:
            self.files[path].data += data
        os.write(self.woken, b"p")

    def requests(self, op):
        return [asked for asked in list(self.asked) if asked.op == op]

    # ---- the line ----

    def _serve(self):
        ready = select.select([self.listener, self.wake], [], [])[0]
        if self.listener not in ready:
            return
        self.line, _ = self.listener.accept()
        self.listener.close()
        data = b""
        while True:
            ready = select.select([self.line, self.wake], [], [])[0]
            if self.wake in ready:
                if b"d" in os.read(self.wake, 100):
                    self.line.close()
                    return
                self._look_again()
            if self.line in ready:
                chunk = self._receive()
                if not chunk:
                    return
                data = self._take(data + chunk)

    def _receive(self):
        with contextlib.suppress(ConnectionResetError):
            return self.line.recv(1 << 17)
        return b""

    def _take(self, data):
        head = tfs1.REQUEST.size
        while len(data) >= head:
            (magic, length, ident, op, flags, handle, count, offset, pid, ppid,
             comm, crc, head_crc) = tfs1.REQUEST.unpack_from(data)
            assert magic == tfs1.REQUEST_MAGIC
            assert zlib.crc32(data[:head - 4]) == head_crc
            if len(data) < head + length:
                break
            payload = data[head:head + length]
            assert zlib.crc32(payload) == crc
            assert comm[-1] == 0
            data = data[head + length:]
            asked = Asked(op, flags, handle, offset, count, pid, ppid,
                          comm.rstrip(b"\0").decode(), payload, ident)
            self.asked.append(asked)
            if not self.deaf:
                self._answer(asked)
        return data

    def reply(self, asked, status=0, value=0, payload=b""):
        head = tfs1.REPLY.pack(tfs1.REPLY_MAGIC, len(payload), asked.id,
                               status, value, zlib.crc32(payload), 0)[:-4]
        crc = zlib.crc32(head) ^ self.damage
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.line.sendall(head + crc.to_bytes(4, "little") + payload)

    def _answer(self, asked):
        try:
            with self.lock:
                result = self.OPS[asked.op](self, asked)
        except OSError as error:
            result = (-error.errno,)
        if result is not None:
            self.reply(asked, *result)

    def _look_again(self):
        waiting, self.waiting = self.waiting, []
        for asked in waiting:
            self._answer(asked)

    # ---- the tree ----

    def inode(self, path):
        if path not in self.inodes:
            self.inodes[path] = self.next_inode
            self.next_inode += 1
        return self.inodes[path]

    def mode(self, path):
        return (stat.S_IFDIR | 0o755 if path in self.folders
                else stat.S_IFREG | 0o644)

    def find(self, payload):
        path = payload.decode()
        if path not in self.folders and path not in self.files:
            raise OSError(errno.ENOENT, path)
        return path

    def hello(self, asked):
        payload = tfs1.HELLO_REPLY.pack(1, self.cpus, 65536, 256, 128, 64,
                                        4096, 1, b"double")
        return 0, 0, payload

    def stat(self, asked):
        path = self.find(asked.payload)
        return 0, 0, tfs1.STAT_REPLY.pack(self.inode(path), 0,
                                          self.mode(path), 0)

    def readdir(self, asked):
        path = self.find(asked.payload)
        names = sorted(name for name in self.folders | set(self.files)
                       if name and name.rpartition("/")[0] == path)
        names.sort(key=self.inode)
        count, payload, cursor = 0, b"", asked.offset
        for name in names:
            own = name.rpartition("/")[2].encode()
            if self.inode(name) <= asked.offset:
                continue
            if len(payload) + tfs1.ENTRY.size + len(own) > asked.count:
                break
            cursor = self.inode(name)
            payload += tfs1.ENTRY.pack(cursor, cursor, self.mode(name),
                                       len(own)) + own
            count += 1
        return count, cursor, payload

    def open(self, asked):
        path = self.find(asked.payload)
        if asked.flags & tfs1.F_TRUNC and isinstance(self.files[path], bytes):
            self.files[path] = b""
        handle = len(self.asked)
        self.handles[handle] = Open(path, asked.flags)
        return 0, handle

    def handle(self, asked):
        if asked.handle not in self.handles:
            raise OSError(errno.EBADF, "handle")
        return self.handles[asked.handle]

    def read(self, asked):
        opened = self.handle(asked)
        file = self.files[opened.path]
        if isinstance(file, Stream):
            piece, file.data = (file.data[:asked.count],
                                file.data[asked.count:])
            if piece:
                return len(piece), 0, piece
            if (asked.flags | opened.flags) & tfs1.F_NONBLOCK:
                raise OSError(errno.EAGAIN, opened.path)
            self.waiting.append(asked)
            return None
        if not asked.offset or opened.snapshot is None:
            opened.snapshot = file
        piece = opened.snapshot[asked.offset:][:asked.count]
        return len(piece), 0, piece

    def write(self, asked):
        """The name of an errno is answered by it."""
        opened = self.handle(asked)
        word = asked.payload.decode(errors="replace").strip()
        if word in ERRNO:
            raise OSError(getattr(errno, word), word)
        opened.typed += asked.payload
        return (len(asked.payload),)

    def close(self, asked):
        """What was written takes effect now, as a filter does."""
        opened = self.handle(asked)
        self.close_holds.wait(20)
        del self.handles[asked.handle]
        if opened.typed:
            self.files[opened.path] += opened.typed
        return (0,)

    def poll(self, asked):
        file = self.files[self.handle(asked).path]
        bits = tfs1.POLLOUT
        if not isinstance(file, Stream) or file.data:
            bits |= tfs1.POLLIN
        wanted = asked.flags & (tfs1.F_READ | tfs1.F_WRITE) or tfs1.F_READ
        ready = (bits & tfs1.POLLIN and wanted & tfs1.F_READ or
                 bits & tfs1.POLLOUT and wanted & tfs1.F_WRITE)
        if asked.flags & tfs1.F_WAIT and not ready:
            self.waiting.append(asked)
            return None
        return (bits,)

    def cancel(self, asked):
        for waiting in self.waiting:
            if waiting.id == asked.handle:
                self.waiting.remove(waiting)
                self.reply(waiting, -errno.EINTR)
                return (0,)
        raise OSError(errno.ENOENT, "no such request")

    def mkdir(self, asked):
        path = asked.payload.decode()
        if path in self.folders:
            raise OSError(errno.EEXIST, path)
        if path.rpartition("/")[0] != "instances":
            raise OSError(errno.EPERM, path)
        self.folders.add(path)
        return (0,)

    def rmdir(self, asked):
        path = self.find(asked.payload)
        if path.rpartition("/")[0] != "instances":
            raise OSError(errno.EPERM, path)
        self.folders.remove(path)
        del self.inodes[path]
        return (0,)

    def truncate(self, asked):
        path = self.find(asked.payload)
        if asked.offset:
            raise OSError(errno.EINVAL, path)
        self.files[path] = b""
        return (0,)

    OPS = {tfs1.HELLO: hello, tfs1.STAT: stat, tfs1.READDIR: readdir,
           tfs1.OPEN: open, tfs1.READ: read, tfs1.WRITE: write,
           tfs1.CLOSE: close, tfs1.POLL: poll, tfs1.CANCEL: cancel,
           tfs1.MKDIR: mkdir, tfs1.RMDIR: rmdir, tfs1.TRUNCATE: truncate,
           tfs1.FORK: lambda *_: (0,), tfs1.EXIT: lambda *_: (0,)}
