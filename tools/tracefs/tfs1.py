# SPDX-License-Identifier: MIT
"""TFS1: encoder, decoder and client of the guest's file server.

trace/serve/DESIGN.md defines every byte. The client is for tests and scripts:
any number of threads may share one; each call waits for its own reply.
"""
import errno
import os
import socket
import struct
import threading
import zlib

REQUEST = struct.Struct("<4sIIHHIIQii16sII")
REPLY = struct.Struct("<4sIIiQII")
HELLO_REPLY = struct.Struct("<HHIIIIIQ64s")
STAT_REPLY = struct.Struct("<QQII")
ENTRY = struct.Struct("<QQIH")
REQUEST_MAGIC, REPLY_MAGIC = b"TFS1", b"TFR1"
VERSION, MAX_PAYLOAD = 1, 65536

(HELLO, STAT, READDIR, OPEN, READ, WRITE, CLOSE, POLL, CANCEL, MKDIR, RMDIR,
 TRUNCATE, FORK, EXIT) = range(1, 15)
F_READ, F_WRITE, F_TRUNC, F_NONBLOCK, F_WAIT = 1, 2, 4, 8, 16
POLLIN, POLLOUT = 1, 4


def request(op, ident, payload=b"", *, flags=0, handle=0, count=0, offset=0,
            pid=0, ppid=0, comm=b""):
    """The bytes of one request."""
    head = REQUEST.pack(REQUEST_MAGIC, len(payload), ident, op, flags, handle,
                        count, offset, pid, ppid, comm[:15],
                        zlib.crc32(payload), 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head)) + payload


class Reply:
    """One reply: id, status, value, payload."""

    def __init__(self, ident, status, value, payload):
        self.id, self.status = ident, status
        self.value, self.payload = value, payload

    def __repr__(self):
        return (f"Reply(id={self.id}, status={self.status}, "
                f"value={self.value}, {len(self.payload)} bytes)")


def take_reply(data):
    """(reply or None, the rest) of the bytes that arrived. Bytes in front of a
    valid header are dropped; None: more bytes are needed."""
    while True:
        at = data.find(REPLY_MAGIC)
        if at < 0:
            return None, data[-3:]
        data = data[at:]
        if len(data) < REPLY.size:
            return None, data
        _, length, ident, status, value, crc, head = REPLY.unpack_from(data)
        if zlib.crc32(data[:REPLY.size - 4]) != head or length > MAX_PAYLOAD:
            data = data[1:]
            continue
        end = REPLY.size + length
        if len(data) < end:
            return None, data
        payload = bytes(data[REPLY.size:end])
        if zlib.crc32(payload) == crc:
            return Reply(ident, status, value, payload), data[end:]
        data = data[1:]


class Dead(ConnectionError):
    """The line to the guest has ended."""


class Client:
    """A session. Methods raise OSError with the guest's errno."""

    def __init__(self, path, timeout=60):
        self.timeout = timeout
        self.sock = socket.socket(socket.AF_UNIX)
        # QEMU may have other connections to accept. settimeout() would not
        # wait for these.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                             struct.pack("ll", int(timeout), 0))
        self.sock.connect(path)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                             struct.pack("ll", 0, 0))
        self.lock, self.sending = threading.Lock(), threading.Lock()
        self.waiting, self.damaged, self.dead = {}, [], None
        self.next_id = int.from_bytes(os.urandom(3), "little") << 8 | 1
        self.thread = threading.Thread(target=self._receive, daemon=True)
        self.thread.start()
        self.sock.sendall(b"\0")  # ends the last frame of another client
        (self.version, self.cpus, self.max_payload, self.max_handles,
         self.max_requests, self.max_tasks, self.page_size, self.session,
         build) = HELLO_REPLY.unpack(self.call(HELLO, offset=VERSION).payload)
        self.build = build.rstrip(b"\0").decode()

    # ---- the line ----

    def _receive(self):
        data = b""
        try:
            while chunk := self.sock.recv(1 << 18):
                data += chunk
                while True:
                    reply, data = take_reply(data)
                    if reply is None:
                        break
                    self._arrived(reply)
        except OSError:
            pass
        with self.lock:
            self.dead = True
            for slot in self.waiting.values():
                slot[0].set()

    def _arrived(self, reply):
        with self.lock:
            slot = self.waiting.pop(reply.id, None)
            if slot is None:
                self.damaged.append(reply)
                return
        slot[1] = reply
        slot[0].set()

    def start(self, op, payload=b"", **fields):
        """Send a request; finish() waits for its reply."""
        with self.lock:
            if self.dead:
                raise Dead("the guest is gone")
            ident = self.next_id
            self.next_id = (ident + 1) & 0xffffffff or 1
            slot = self.waiting[ident] = [threading.Event(), None, ident]
        with self.sending:
            self.sock.sendall(request(op, ident, payload, **fields))
        return slot

    def finish(self, slot, timeout=None):
        """The reply, with whatever status."""
        if not slot[0].wait(timeout or self.timeout):
            raise TimeoutError(f"no reply to request {slot[2]}")
        if slot[1] is None:
            raise Dead("the guest is gone")
        return slot[1]

    def call(self, op, payload=b"", **fields):
        """The reply; OSError if its status is negative."""
        reply = self.finish(self.start(op, payload, **fields))
        if reply.status < 0:
            raise OSError(-reply.status, os.strerror(-reply.status),
                          payload[:64].decode(errors="replace"))
        return reply

    def close_line(self):
        """End the session by ending the connection."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        self.thread.join(self.timeout)

    # ---- operations ----

    def stat(self, path, **who):
        """(inode, size, mode)"""
        return STAT_REPLY.unpack(
            self.call(STAT, path.encode(), **who).payload)[:3]

    def readdir(self, path, room=4096, **who):
        """All entries: (name, mode, inode)."""
        cursor, names = 0, []
        while True:
            reply = self.call(READDIR, path.encode(), offset=cursor,
                              count=room, **who)
            if not reply.status:
                return names
            at = 0
            for _ in range(reply.status):
                ino, cursor, mode, size = ENTRY.unpack_from(reply.payload, at)
                at += ENTRY.size
                names.append((reply.payload[at:at + size].decode(), mode, ino))
                at += size

    def open(self, path, flags=F_READ, **who):
        """The handle."""
        return self.call(OPEN, path.encode(), flags=flags, **who).value

    def read(self, handle, count=MAX_PAYLOAD, offset=0, **more):
        """The bytes; b"" at the end."""
        return self.call(READ, handle=handle, count=count, offset=offset,
                         **more).payload

    def write(self, handle, data, offset=0, **more):
        """Number of bytes accepted."""
        return self.call(WRITE, data, handle=handle, offset=offset,
                         **more).status

    def close(self, handle, **who):
        """Close a handle; OSError if its last change failed."""
        self.call(CLOSE, handle=handle, **who)

    def fork(self, parent, child, comm=b""):
        """Tell that a task of the host has made another one."""
        self.call(FORK, count=child, pid=parent, comm=comm)

    def exit(self, pid, comm=b""):
        """Tell that a task of the host has ended."""
        self.call(EXIT, pid=pid, comm=comm)

    def cancel(self, slot):
        """Cancel what start() sent; False if it was already done."""
        try:
            self.call(CANCEL, handle=slot[2])
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return False
        return True

    def cat(self, path, **who):
        """The whole text of a file."""
        handle, data = self.open(path, **who), b""
        try:
            while piece := self.read(handle, offset=len(data), **who):
                data += piece
        finally:
            self.close(handle, **who)
        return data

    def echo(self, path, data, append=False, **who):
        """Write as the shell's > (or >>) does."""
        flags = F_WRITE | (0 if append else F_TRUNC)
        handle = self.open(path, flags, **who)
        try:
            self.write(handle, data, **who)
        finally:
            self.close(handle, **who)
