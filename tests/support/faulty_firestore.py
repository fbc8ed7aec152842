"""A faulty line to Firestore: a gRPC proxy that loses requests and answers as a test orders.

It passes bytes on and understands none of them: a call is its method's name and its request. A client is sent through
it by `FIRESTORE_EMULATOR_HOST`.
"""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc

_CALLS_AT_ONCE = 32


class Fault(Protocol):
    """What becomes of a call, in place of being passed on."""

    def __call__(self, answers: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """`answers` passes the call on when the first of them is asked for."""
        ...


@dataclass(frozen=True)
class Passed:
    """A call that was passed on and answered; it may have more than one answer, and more to come."""

    method: str
    request: bytes
    answers: list[bytes]


@dataclass
class FaultyFirestore:
    """What passed, and what happens to the next calls."""

    address: str
    calls: list[tuple[str, bytes]] = field(default_factory=list)
    """Each call's method (`Commit`, `BatchGetDocuments`, `RunQuery`) and request, in order, lost or not."""
    passed: list[Passed] = field(default_factory=list)
    """Those of them that Firestore answered, in this order; not those that it refused."""
    under_way: list[bytes] = field(default_factory=list)
    """The requests of the calls that are not yet over."""
    cut: grpc.StatusCode | None = None
    """While this is set, every call is answered so and none is passed on."""
    _orders: dict[str, deque[Fault]] = field(default_factory=dict)

    def order(self, method: str, *faults: Fault) -> None:
        """One fault for each of the method's next calls; after them calls pass."""
        self._orders.setdefault(method, deque()).extend(faults)

    def forget_orders(self) -> None:
        """Let every call pass again."""
        self._orders.clear()

    def requests(self, method: str) -> list[bytes]:
        """The requests of one method, in order."""
        return [request for name, request in self.calls if name == method]

    def ordered(self, method: str) -> Fault | None:
        """The fault for this call, if there is one."""
        if self.cut:
            return refused(self.cut)
        faults = self._orders.get(method)
        return faults.popleft() if faults else None


def passes(answers: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """No fault: it is a later call's turn."""
    yield from answers


def refused(status: grpc.StatusCode) -> Fault:
    """The call never arrives; the client is answered with this status."""

    def fault(answers: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        context.abort(status, "ordered by a test")
        yield from ()

    return fault


def answer_lost(status: grpc.StatusCode) -> Fault:
    """The call is done; the client is answered with this status all the same."""

    def fault(answers: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        list(answers)
        context.abort(status, "ordered by a test")
        yield from ()

    return fault


def answer_never_comes(answers: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """The call is done; the client waits for the answer until it gives up."""
    gone = threading.Event()
    context.add_callback(gone.set)
    list(answers)
    gone.wait()
    yield from ()


@contextmanager
def faulty_firestore(emulator: str) -> Iterator[FaultyFirestore]:
    """A proxy before the emulator at this address, for the time of a test."""
    with grpc.insecure_channel(emulator) as channel:
        server = grpc.server(ThreadPoolExecutor(_CALLS_AT_ONCE))
        firestore = FaultyFirestore(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
        server.add_generic_rpc_handlers([_EveryMethod(firestore, channel)])
        server.start()
        try:
            yield firestore
        finally:
            server.stop(grace=0).wait()


class _EveryMethod(grpc.GenericRpcHandler):  # type: ignore[misc]
    """On the wire a call with one answer is a call with a stream of one."""

    def __init__(self, firestore: FaultyFirestore, channel: grpc.Channel) -> None:
        self._firestore = firestore
        self._channel = channel

    def service(self, call_details: Any) -> Any:
        path = call_details.method
        method = path.rsplit("/")[-1]

        def passed_or_lost(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            self._firestore.calls.append((method, request))
            self._firestore.under_way.append(request)
            try:
                fault = self._firestore.ordered(method)
                answers = self._pass_on(path, method, request, context)
                yield from fault(answers, context) if fault else answers
            finally:
                self._firestore.under_way.remove(request)

        return grpc.unary_stream_rpc_method_handler(passed_or_lost)

    def _pass_on(self, path: str, method: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        metadata = [(name, value) for name, value in context.invocation_metadata() if name != "user-agent"]
        passed = Passed(method, request, [])
        try:
            for answer in self._channel.unary_stream(path)(
                request, metadata=metadata, timeout=context.time_remaining()
            ):
                if not passed.answers:
                    self._firestore.passed.append(passed)
                passed.answers.append(answer)
                yield answer
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
