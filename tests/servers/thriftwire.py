"""HiveServer2's wire in both directions: impyla's generated classes, and SASL PLAIN seen from a server."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from tests.servers.process import HOST

# The generated modules have no types; imported by name, they are plainly untyped to every checker.
ttypes: Any = import_module("impala._thrift_gen.TCLIService.ttypes")
impala_ttypes: Any = import_module("impala._thrift_gen.ImpalaService.ttypes")
_service: Any = import_module("impala._thrift_gen.ImpalaService.ImpalaHiveServer2Service")
_impyla: Any = import_module("impala._thrift_api")
_sockets: Any = import_module("thrift.transport.TSocket")
_transports: Any = import_module("thrift.transport.TTransport")
_protocols: Any = import_module("thrift.protocol.TBinaryProtocol")

TransportError: type[Exception] = _transports.TTransportException
_START, _OK, _BAD, _COMPLETE = 1, 2, 3, 5


class Client:
    """One connection to a real HiveServer2; calls from several threads queue."""

    def __init__(self, host: str, port: int, auth: str, user: str) -> None:
        self._transport = _impyla.get_transport(_sockets.TSocket(host, port), host, "hive", auth, user, "x")
        self._transport.open()
        self._client = _service.Client(_protocols.TBinaryProtocolAccelerated(self._transport))
        self._lock = threading.Lock()

    def call(self, method: str, request: Any) -> Any:
        """Make one call and give its response, whatever its status."""
        with self._lock:
            return getattr(self._client, method)(request)

    def close(self) -> None:
        """Hang up; a call that another thread waits in ends with an error."""
        handle = getattr(getattr(self._transport, "_trans", self._transport), "handle", None)
        if handle is not None:
            hang_up(handle)
        self._transport.close()


def hang_up(connection: socket.socket) -> None:
    """End a connection under the thread that reads it."""
    with suppress(OSError):  # the other side may have been faster
        connection.shutdown(socket.SHUT_RDWR)


class Listener(socketserver.ThreadingTCPServer):
    """A thread for each client; all are hung up on when the front ends."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, service: object) -> None:
        super().__init__((HOST, 0), socketserver.BaseRequestHandler)
        self._service = service
        self._connections: list[socket.socket] = []

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one client until it hangs up, or the real server does."""
        self._connections.append(request)
        with suppress(TransportError, OSError, EOFError):
            _serve(request, self._service)

    def server_close(self) -> None:
        """Stop listening and hang up."""
        super().server_close()
        for connection in self._connections:
            hang_up(connection)


def _serve(connection: socket.socket, handler: object) -> None:
    """Answer one client, with or without SASL, until it hangs up."""
    wire = _sockets.TSocket()
    wire.setHandle(connection)
    sasl = connection.recv(1, socket.MSG_PEEK) == bytes([_START])
    if sasl and not _authenticate(wire):
        return
    # After PLAIN each message has its length before it: Thrift's own frames.
    transport = (_transports.TFramedTransport if sasl else _transports.TBufferedTransport)(wire)
    protocol = _protocols.TBinaryProtocolAccelerated(transport)
    processor = _service.Processor(handler)
    while True:
        processor.process(protocol, protocol)


def _authenticate(wire: Any) -> bool:
    """Take any user and password, in the one mechanism."""
    status, mechanism = _receive(wire)
    if (status, mechanism) != (_START, b"PLAIN"):
        _send(wire, _BAD, b"Unsupported mechanism type " + mechanism)
        return False
    _receive(wire)
    _send(wire, _COMPLETE, b"")
    return True


def _receive(wire: Any) -> tuple[int, bytes]:
    status, length = struct.unpack(">BI", _read(wire, 5))
    return status, _read(wire, length)


def _read(wire: Any, length: int) -> bytes:
    read = b""
    while len(read) < length:
        read += wire.read(length - len(read))
    return read


def _send(wire: Any, status: int, body: bytes) -> None:
    wire.write(struct.pack(">BI", status, len(body)) + body)
    wire.flush()


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Any, Any]:
    """Make a result of strings: its schema and its rows, in columns as protocol V6 sends them."""
    primitive = ttypes.TPrimitiveTypeEntry(type=ttypes.TTypeId.STRING_TYPE)
    kind = ttypes.TTypeDesc(types=[ttypes.TTypeEntry(primitiveEntry=primitive)])
    schema = ttypes.TTableSchema(
        columns=[
            ttypes.TColumnDesc(columnName=name, typeDesc=kind, position=position)
            for position, name in enumerate(columns, start=1)
        ]
    )
    # impyla's string columns are bytes, and the bits of NULLs eight to a byte.
    values = [[row[index].encode() for row in rows] for index in range(len(columns))]
    nulls = bytes((len(rows) + 7) // 8)
    strings = [ttypes.TColumn(stringVal=ttypes.TStringColumn(values=each, nulls=nulls)) for each in values]
    return schema, ttypes.TRowSet(startRowOffset=0, rows=[], columns=strings)


def texts(rowset: Any) -> list[list[str]]:
    """Read rows of strings; NULL comes as an empty one."""
    columns = [column.stringVal.values for column in rowset.columns]
    return [[value.decode() for value in row] for row in zip(*columns, strict=True)]
