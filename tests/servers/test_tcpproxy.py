"""The proxy breaks the line where it is told to, and only there."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.servers.process import HOST
from tests.servers.tcpproxy import TcpProxy, tcp_proxy


class Upper(socketserver.BaseRequestHandler):
    """Answers each chunk in capitals, and remembers it."""

    heard: list[bytes]

    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.heard.append(data)
            self.request.sendall(data.upper())


@pytest.fixture
def heard() -> list[bytes]:
    return []


@pytest.fixture
def proxy(heard: list[bytes]) -> Iterator[TcpProxy]:
    class Handler(Upper):
        pass

    Handler.heard = heard
    with socketserver.ThreadingTCPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with tcp_proxy(*server.server_address) as running:
            yield running
        server.shutdown()


@contextmanager
def client(proxy: TcpProxy) -> Iterator[socket.socket]:
    with closing(socket.create_connection((proxy.host, proxy.port))) as connection:
        connection.settimeout(5)
        yield connection


def ask(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return connection.recv(100)


def test_it_carries_both_ways(proxy: TcpProxy) -> None:
    with client(proxy) as one:
        assert ask(one, b"select") == b"SELECT"
    assert proxy.connections == 1


def test_a_cut_is_a_reset(proxy: TcpProxy) -> None:
    with client(proxy) as one:
        ask(one, b"a")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            ask(one, b"b")


def test_a_statement_is_delivered_and_its_answer_lost(proxy: TcpProxy, heard: list[bytes]) -> None:
    happened = proxy.when_sent(b"insert", "cut")
    with client(proxy) as one, client(proxy) as other:
        assert ask(one, b"select") == b"SELECT"
        with pytest.raises(ConnectionResetError):
            ask(one, b"an insert")
        assert ask(other, b"insert") == b"INSERT"
    assert happened.is_set()
    assert b"an insert" in heard


def test_a_statement_can_be_lost_before_it_arrives(proxy: TcpProxy, heard: list[bytes]) -> None:
    proxy.when_sent(b"insert", "cut", deliver=False)
    with client(proxy) as one, pytest.raises(ConnectionResetError):
        ask(one, b"an insert")
    assert heard == []


def test_a_pattern_is_found_across_two_chunks(proxy: TcpProxy) -> None:
    happened = proxy.when_sent(b"insert", "stall")
    with client(proxy) as one:
        assert ask(one, b"an ins") == b"AN INS"
        assert not happened.is_set()
        one.sendall(b"ert")
        assert happened.wait(5)


def test_a_stall_holds_what_is_said_until_it_is_resumed(proxy: TcpProxy) -> None:
    with client(proxy) as one:
        proxy.stall()
        one.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ask(one, b"a")
        proxy.resume()
        one.settimeout(5)
        assert one.recv(100) == b"A"


def test_a_line_that_stalls_leaves_the_others_alone(proxy: TcpProxy) -> None:
    proxy.when_sent(b"insert", "stall", deliver=False)
    with client(proxy) as one, client(proxy) as other:
        one.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ask(one, b"insert")
        assert ask(other, b"cancel") == b"CANCEL"


def test_a_half_closed_line_ends_the_answers_only(proxy: TcpProxy, heard: list[bytes]) -> None:
    with client(proxy) as one:
        ask(one, b"a")
        proxy.half_close()
        assert one.recv(100) == b""
        one.sendall(b"still heard")
        while b"still heard" not in heard:
            threading.Event().wait(0.01)


def test_it_breaks_at_a_chunk_and_at_a_connection(proxy: TcpProxy) -> None:
    proxy.at_chunk(2, "cut")
    with client(proxy) as one:
        assert ask(one, b"a") == b"A"
        with pytest.raises(ConnectionResetError):
            ask(one, b"b")
    proxy.at_connection(2, "cut")
    with client(proxy) as two, pytest.raises(ConnectionResetError):
        ask(two, b"a")


def test_it_can_refuse(proxy: TcpProxy) -> None:
    proxy.refusing = True
    with client(proxy) as one, pytest.raises(ConnectionResetError):
        ask(one, b"a")
