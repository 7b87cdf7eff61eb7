"""A line to the database that can be cut at any moment, and at the worst: after a COMMIT, before its answer."""

import contextlib
import socket
import struct
import threading

COMMIT = b"COMMIT\x00"
ABRUPTLY = struct.pack("ii", 1, 0)


class Line:
    """Passes bytes between whoever connects to `port` and the server at `to`, another port of this machine.

    drop_answer: of how many further COMMITs the last one's answer gets lost, None for none.
    silent: nothing is passed on. seen: how often `watch` came true.
    """

    def __init__(self, to):
        self._to = to
        self._lock, self._ends = threading.Lock(), set()
        self.drop_answer, self.dropped = None, 0
        self.silent, self.seen, self._watched = False, 0, None
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Break all that is connected, without a word to either side; who connects anew gets through."""
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            hang_up(end)
        return len(ends) // 2

    def watch(self, words, act):
        """When `words` next come by on their way to the server, `act` before they are passed on."""
        self._watched = words, act

    def close(self):
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                hang_up(near)
                continue
            with self._lock:
                self._ends |= {near, far}
            for ends in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source, sink, asking):
        with contextlib.suppress(OSError):
            while said := source.recv(65536):
                if self.silent:
                    continue
                if asking:
                    self._look(said)
                if asking and COMMIT in said and self._last():
                    hang_up(source)
                    sink.sendall(said)
                    return  # the thread of the way back gets the answer, has nobody to give it to, and ends
                sink.sendall(said)
        for end in (source, sink):
            hang_up(end)
        with self._lock:
            self._ends -= {source, sink}

    def _look(self, said):
        with self._lock:
            if self._watched is None or self._watched[0] not in said:
                return
            (_, act), self._watched = self._watched, None
            act()
            self.seen += 1

    def _last(self):
        with self._lock:
            if self.drop_answer is None:
                return False
            self.drop_answer -= 1
            if self.drop_answer:
                return False
            self.drop_answer = None
            self.dropped += 1
            return True


def hang_up(end):
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPTLY)
        end.shutdown(socket.SHUT_RDWR)
    end.close()
