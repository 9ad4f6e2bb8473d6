"""A mail server of this machine that keeps what it takes, and passes nothing on."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from types import TracebackType
from typing import Self

MESSAGE_FOLLOWS, DONE, BYE = b"354 Go on\r\n", b"250 Done\r\n", b"221 Bye\r\n"


class Mailbox:
    """Takes mail by SMTP on a free port of the loopback interface, for the time of a `with` block."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._server = _Server(self.mails)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, mails: list[EmailMessage]) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails = mails


class _Conversation(StreamRequestHandler):
    """As much of SMTP as a client needs that neither logs in nor encrypts."""

    server: _Server

    def handle(self) -> None:
        self.wfile.write(b"220 mailbox\r\n")
        for line in self.rfile:
            command = line.strip().upper()
            if command == b"DATA":
                self.wfile.write(MESSAGE_FOLLOWS)
                self.server.mails.append(message_from_bytes(self._message(), policy=policy.default))
            self.wfile.write(BYE if command == b"QUIT" else DONE)
            if command == b"QUIT":
                return

    def _message(self) -> bytes:
        """Read up to the lonely dot; a line that begins with a dot has one more on the way."""
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") for line in lines)
