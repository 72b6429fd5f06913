"""A network that can be cut: what stands between a visitor and the server."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Network:
    """Passes on what comes to `url` to the server on `port` of this machine, until it is cut."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._sockets: set[socket.socket] = set()  # those that WebSockets go through
        self._swallowed: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """From now on every connection is closed."""
        with self._lock:
            self._is_cut = True
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def swallow(self) -> None:
        """What is sent through WebSockets that are open now arrives nowhere, and nobody is told: a dead radio.

        Idle connections a browser drops by itself when its network changes.
        """
        with self._lock:
            self._swallowed |= self._sockets

    def mend(self) -> None:
        with self._lock:
            self._is_cut = False

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                visitor, _ = self._listening.accept()
                threading.Thread(target=self._connect, args=(visitor,), daemon=True).start()

    def _connect(self, visitor: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server))
        except OSError:  # it is being started anew
            visitor.close()
            return
        with self._lock:
            self._open |= {visitor, server}
            cut = self._is_cut
        if cut:
            for end in (visitor, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        back = threading.Thread(target=self._pass_on, args=(server, visitor), daemon=True)
        back.start()
        self._pass_on(visitor, server)
        back.join()
        with self._lock:
            self._open -= {visitor, server}
            self._sockets -= {visitor, server}
        visitor.close()
        server.close()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if b"upgrade: websocket" in data[:4096].lower():
                    self._sockets |= {source, target}
                if source not in self._swallowed:
                    target.sendall(data)
        if source in self._swallowed:
            return
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
