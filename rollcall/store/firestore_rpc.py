"""Calls in Firestore's own protocol buffers: by the library's documents they take two to three times the processor's
time (docs/performance.md, "What we improved")."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import grpc
from google.api_core.exceptions import from_grpc_error
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from rollcall.store.database import Committed, Create, Delete, Document, Query, Update, Values, Write
from rollcall.store.firestore_types import types
from rollcall.store.google_account import Headers, ServiceAccount

_DocumentChange = types.DocumentChange.pb()
_OPERATORS = {
    "==": "EQUAL",
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL",
    ">": "GREATER_THAN",
    "in": "IN",
    "array_contains_any": "ARRAY_CONTAINS_ANY",
}
_LISTED = 500
"""Documents in one answer."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_GOOGLE = "firestore.googleapis.com:443"
_KEEP_ALIVE = ("grpc.keepalive_time_ms", 30_000)
_NO_THREAD_BETWEEN = (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1)
"""Who waits for documents takes them from the network: a quarter of a read's processor's time less."""


def firestore_channel() -> grpc.Channel:
    if emulator := _emulator():
        return grpc.insecure_channel(emulator, options=[_NO_THREAD_BETWEEN])
    return grpc.secure_channel(_GOOGLE, grpc.ssl_channel_credentials(), options=[_KEEP_ALIVE, _NO_THREAD_BETWEEN])


def firestore_account() -> Callable[[], Headers]:
    if _emulator():
        return lambda: [("authorization", "Bearer owner")]  # the emulator has the rules for clients, too
    return ServiceAccount(time.monotonic)


Tries = Callable[[Callable[[float], list[Any]]], list[Any]]
"""Makes one call, which is given its seconds, again while it may be made again."""


class _Method:
    """Of Firestore's, without what the library's own adds around it: a fifth of a commit's processor's time."""

    def __init__(
        self,
        channel: grpc.Channel,
        account: Callable[[], Headers],
        database: str,
        name: str,
        *,
        answers: bool = False,
    ) -> None:
        """`answers`: there may be more than one."""
        request, answer = (getattr(types, f"{name}{kind}").pb() for kind in ("Request", "Response"))
        self._call = (channel.unary_stream if answers else channel.unary_unary)(
            f"/google.firestore.v1.Firestore/{name}", request.SerializeToString, answer.FromString
        )
        self._request, self._answers, self._account = request, answers, account
        # https://google.aip.dev/client-libraries/4222
        routing = ("x-goog-request-params", urlencode({"database": database}, safe="/"))
        self._metadata = [("google-cloud-resource-prefix", database), routing]

    def __call__(self, tries: Tries, **request: Any) -> list[Any]:
        """All answers. Where they break off, all are asked for again."""
        asked = self._request(**request)

        def once(seconds: float) -> list[Any]:
            try:
                answer = self._call(asked, metadata=[*self._metadata, *self._account()], timeout=seconds)
                return [*answer] if self._answers else [answer]
            except grpc.RpcError as error:
                raise from_grpc_error(error) from error  # type: ignore[no-untyped-call]

        return tries(once)


class FirestoreRpc:
    """In a project's default database. Raises what the library raises."""

    def __init__(self, project: str, channel: grpc.Channel, account: Callable[[], Headers], shift: timedelta) -> None:
        self._database = f"projects/{project}/databases/(default)"
        self._shift = shift
        method = partial(_Method, channel, account, self._database)
        self._batch_get = method("BatchGetDocuments", answers=True)
        self._run_query = method("RunQuery", answers=True)
        self._count = method("RunAggregationQuery", answers=True)
        self._list = method("ListDocuments")
        self._commit = method("Commit")

    def read(self, paths: Sequence[str], tries: Tries) -> list[Document]:
        """In this order, there or not."""
        names, found = list(map(self._name, paths)), {}
        for answer in self._batch_get(tries, database=self._database, documents=names):
            read_at = answer.read_time.ToDatetime(UTC) + self._shift
            if answer.missing:
                found[answer.missing] = Document(_id(answer.missing), None, read_at, _NEVER, _NEVER, None)
            else:
                found[answer.found.name] = self._document(answer.found, read_at)
        return [found[name] for name in names]

    def triggered(self, event: bytes) -> Document | None:
        """The document in a `google.events.cloud.firestore.v1.DocumentEventData`. Its `value`, and all within, has the
        numbers and types of `DocumentChange`'s `document`; what else it has is passed over."""
        try:
            brought = _DocumentChange.FromString(event).document
        except DecodeError:
            return None
        return self._document(brought, _NEVER) if brought.name else None

    def listed(self, collection: str, only: Sequence[str], page: str, tries: Tries) -> tuple[list[Document], str]:
        """By id, with the next page's token, empty at the end. Many come in one answer; a query answers with each by
        itself, at five times the processor's time."""
        parent, _, id = self._name(collection).rpartition("/")
        mask = {"field_paths": only}
        [answer] = self._list(tries, parent=parent, collection_id=id, page_size=_LISTED, mask=mask, page_token=page)
        return [self._document(one, _NEVER) for one in answer.documents], answer.next_page_token

    def query(self, query: Query, tries: Tries) -> list[Document]:
        chosen = self._chosen(query) | self._in_order(query)
        return [
            self._document(one.document, one.read_time.ToDatetime(UTC) + self._shift)
            for one in self._run_query(tries, parent=self._parent(query), structured_query=chosen)
            if one.HasField("document")
        ]

    def count(self, query: Query, tries: Tries) -> int:
        counted = {"structured_query": self._chosen(query), "aggregations": [{"alias": "count", "count": {}}]}
        [answer] = self._count(tries, parent=self._parent(query), structured_aggregation_query=counted)
        count: int = answer.result.aggregate_fields["count"].integer_value
        return count

    def commit(self, writes: Iterable[Write], tries: Tries) -> Committed:
        [done] = self._commit(tries, database=self._database, writes=map(self._written, writes))
        at = done.commit_time.ToDatetime(UTC) + self._shift
        return Committed(at, [result.update_time for result in done.write_results])

    def _document(self, one: Any, read_at: datetime) -> Document:
        return Document(
            id=_id(one.name),
            values=_decoded(one.fields),
            read_at=read_at,
            created_at=one.create_time.ToDatetime(UTC) + self._shift,
            updated_at=one.update_time.ToDatetime(UTC) + self._shift,
            version=one.update_time,
        )

    def _parent(self, query: Query) -> str:
        return self._name(query.collection).rpartition("/")[0]

    def _chosen(self, query: Query) -> dict[str, Any]:
        chosen: dict[str, Any] = {"from_": [{"collection_id": _id(query.collection)}]}
        if query.where:
            chosen["where"] = {"composite_filter": {"op": "AND", "filters": [_filter(*one) for one in query.where]}}
        if query.limit is not None:
            chosen["limit"] = {"value": query.limit}
        return chosen

    def _in_order(self, query: Query) -> dict[str, Any]:
        """And which of them, and what of each."""
        names = [query.order_by or "__name__", *(["__name__"] if query.after_value is not None else [])]
        direction = "DESCENDING" if query.descending else "ASCENDING"
        ordered: dict[str, Any] = {
            "order_by": [{"field": {"field_path": name}, "direction": direction} for name in names]
        }
        if query.after:
            place = [{"reference_value": self._name(f"{query.collection}/{query.after}")}]
            values = place if query.after_value is None else [_value(query.after_value), *place]
            ordered["start_at"] = {"values": values, "before": False}
        if query.ids_only:
            ordered["select"] = {"fields": [{"field_path": "__name__"}]}
        return ordered

    def _written(self, write: Write) -> dict[str, Any]:
        if isinstance(write, Delete):
            read = {} if write.version is None else {"current_document": {"update_time": write.version}}
            return {"delete": self._name(write.path), **read}
        written: dict[str, Any] = {"update": {"name": self._name(write.path), "fields": _encoded(write.values)}}
        if isinstance(write, Create):
            written["current_document"] = {"exists": False}
        if isinstance(write, Update):
            written["current_document"] = {"exists": True} if write.version is None else {"update_time": write.version}
            written["update_mask"] = {"field_paths": list(write.values)}
        return written

    def _name(self, path: str) -> str:
        return f"{self._database}/documents/{path}"


def _id(name: str) -> str:
    return name.rpartition("/")[-1]


def _filter(field: str, operator: str, value: Any) -> dict[str, Any]:
    asked = {"field": {"field_path": field}}
    if value is None:
        return {"unary_filter": {**asked, "op": "IS_NULL"}}
    return {"field_filter": {**asked, "op": _OPERATORS[operator], "value": _value(value)}}


def _emulator() -> str | None:
    return os.environ.get("FIRESTORE_EMULATOR_HOST")


def _encoded(values: Values) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"string_value": value}
        case None:
            return {"null_value": 0}
        case bool():
            return {"boolean_value": value}
        case int():
            return {"integer_value": value}
        case datetime():
            return {"timestamp_value": value}
        case Mapping():
            return {"map_value": {"fields": _encoded(value)}}
        case list() | tuple():
            return {"array_value": {"values": [_value(one) for one in value]}}
        case _:
            raise TypeError(f"Firestore is given no {type(value).__name__}")


def _decoded(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: Any) -> Any:
    match value.WhichOneof("value_type"):
        case "null_value":
            return None
        case "timestamp_value":
            return value.timestamp_value.ToDatetime(UTC)
        case "map_value":
            return _decoded(value.map_value.fields)
        case "array_value":
            return [_plain(one) for one in value.array_value.values]
        case kind:
            return getattr(value, kind)
