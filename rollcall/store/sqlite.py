"""The store in an SQLite file."""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_never

from rollcall.model.errors import StoreUnavailable
from rollcall.store.database import (
    Committed,
    Create,
    Delete,
    Document,
    NotCommitted,
    Query,
    Replace,
    Update,
    Values,
    Write,
)
from rollcall.store.personal_data_documents import DocumentStore

_FIELDS = ("due_at", "address", "closing", "similar", "registration_id", "about")
_TABLES = """
create table clock (only integer primary key check (only = 1), last text not null);
create table documents (
    collection text, id text, created_at text not null, updated_at text not null, record text not null,
    primary key (collection, id)
) without rowid;
create table found_by (
    collection text, name_key text, id text, terms text not null, primary key (collection, name_key, id)
) without rowid;
""" + "".join(
    f"create index by_{name} on documents (collection, json_extract(record, '$.{name}'));" for name in _FIELDS
)
_TABLES += """create index by_event on documents
    (collection, json_extract(record, '$.event'), json_extract(record, '$.status'));
create index by_hour on documents
    (collection, json_extract(record, '$.to_registrants_of'), json_extract(record, '$.last_sent_at'));"""
_VERSION = 2
"""`pragma user_version`."""
_BUSY_AFTER = timedelta(seconds=5)
_RETRY_AFTER = timedelta(seconds=5)
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
_TICK = timedelta(microseconds=1)
# A clock that is set back by less is waited for, so that times keep their order. One that ran ahead by more would close
# intakes, and hold e-mails up, until the time that it showed.
_WAITED_FOR = timedelta(hours=2)
_A_MOMENT = timedelta(minutes=1)
_EMPTY_LOG = "pragma wal_checkpoint(truncate)"
"""Beside the file; not while somebody reads."""
_LOG = logging.getLogger(__name__)
_LINE = "\n"
_SCANNED = 500
_INSTANT = "@"
_HAS_INSTANT = f'{{"{_INSTANT}":'
"""An instant is an object with this one key: no text is taken for one."""


class OtherSchema(Exception):
    pass


class SqliteStore(DocumentStore):
    """For several threads and processes. Without `durable` a commit does not wait for the disk."""

    def __init__(self, path: Path, clock: Callable[[], datetime], *, durable: bool = True) -> None:
        self._file = SqliteDatabase(path, clock, durable=durable)
        super().__init__(self._file)

    def close(self) -> None:
        self._file.close()

    def last_time(self) -> datetime | None:
        """Of any commit or reading before; None in a new file."""
        return self._file.last_time()


class SqliteDatabase:
    """Times are taken inside the write lock; each is later than the one before, or the clock ran ahead."""

    def __init__(self, path: Path, clock: Callable[[], datetime], *, durable: bool) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        if path.name != ":memory:":
            path.touch(mode=0o600)  # the files that SQLite puts beside it are made with the same rights
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_AFTER.total_seconds(), isolation_level=None, check_same_thread=False
        )
        self._write_ahead()
        self._connection.execute(f"pragma synchronous = {'full' if durable else 'off'}")
        self._connection.execute("pragma secure_delete = on")
        try:
            self._open(path)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def read(self, path: str) -> Document:
        return self.read_together([path])[0]

    def read_together(self, paths: Sequence[str]) -> Sequence[Document]:
        with self._commit() as now:
            return [self._read(path, now) for path in paths]

    def read_many(self, paths: Sequence[str]) -> Iterable[Document]:
        with self._lock, _unavailable_as_ours():
            found = [self._read(path, _NEVER) for path in paths]
        return [one for one in found if one.values is not None]

    def commit(self, *writes: Write) -> Committed:
        with self._commit() as now:
            for write in writes:
                self._write(write, now)
        if any(isinstance(write, Delete) for write in writes):
            self._rows(_EMPTY_LOG, ())
        return Committed(now, [_text(now)] * len(writes))

    def triggered(self, event: bytes) -> None:
        """Nobody else watches the file."""

    def leave_no_trace(self) -> None:
        """What is deleted is overwritten at once, but pages that were divided may still have a copy: the file is
        written anew. Where somebody is writing, whoever erases next does this."""
        with suppress(StoreUnavailable):
            self._rows("vacuum", ())
            self._rows(_EMPTY_LOG, ())

    def query(self, query: Query) -> Iterable[Document]:
        sql, values = _sql(query)
        rows = self._rows(f"select id, created_at, updated_at, record {sql}", values)
        return [_document(*row, read_at=_NEVER) for row in rows]

    def count(self, query: Query) -> int:
        sql, values = _sql(query, in_order=False)  # the smallest index serves
        ((count,),) = self._rows(f"select count(*) from (select 1 {sql})", values)
        found: int = count
        return found

    def scan(self, collection: str, only: Sequence[str]) -> Iterator[Document]:
        after = ""
        sql = f"select id, created_at, updated_at, {_fields(only)} from documents where collection = ? and id > ?"
        while rows := self._rows(f"{sql} order by id limit {_SCANNED}", (collection, after)):
            records = _parsed(f"[{','.join(record for *_, record in rows)}]")  # together: half the time of one by one
            for (id, created_at, updated_at, _), values in zip(rows, records, strict=True):
                yield _of(id, created_at, updated_at, values, _NEVER)
            after = rows[-1][0]

    def about_now(self) -> datetime:
        return self._clock()

    def _read(self, path: str, read_at: datetime) -> Document:
        chosen = "select id, created_at, updated_at, record from documents where collection = ? and id = ?"
        row = self._connection.execute(chosen, _split(path)).fetchone()
        return _document(*row, read_at=read_at) if row else Document(_split(path)[1], None, read_at, _NEVER, _NEVER, "")

    def _write(self, write: Write, now: datetime) -> None:
        there = self._read(write.path, now)
        match write:
            case Create():
                if there.values is not None:
                    raise NotCommitted(may_be_ours=False)
                self._put(write.path, write.values, now, now)
            case Replace():
                self._forget_terms(write.path, there.values)
                self._put(write.path, write.values, there.created_at if there.values is not None else now, now)
            case Update():
                if there.values is None or write.version not in (None, there.version):
                    raise NotCommitted(may_be_ours=False)
                self._forget_terms(write.path, there.values)
                self._put(write.path, {**there.values, **write.values}, there.created_at, now)
            case Delete():
                if write.version not in (None, there.version):
                    raise NotCommitted(may_be_ours=False)
                self._forget_terms(write.path, there.values)
                self._connection.execute("delete from documents where collection = ? and id = ?", _split(write.path))
            case _:
                assert_never(write)

    def _put(self, path: str, values: Values, created_at: datetime, now: datetime) -> None:
        row = (*_split(path), _text(created_at), _text(now), _json(values))
        self._connection.execute("insert or replace into documents values (?, ?, ?, ?, ?)", row)
        if "name_key" in values:
            # a row for each term would cost a commit fifty pages of the file; looking through these takes 1 µs a person
            collection, id = _split(path)
            found_by = (collection, values["name_key"], id, _listed(values["terms"]))
            self._connection.execute("insert into found_by values (?, ?, ?, ?)", found_by)

    def _forget_terms(self, path: str, values: Values | None) -> None:
        collection, id = _split(path)
        if values and "name_key" in values:
            forget = "delete from found_by where collection = ? and name_key = ? and id = ?"
            self._connection.execute(forget, (collection, values["name_key"], id))

    def _write_ahead(self) -> None:
        """SQLite refuses some of several who open a new file at once."""
        until = time.monotonic() + _BUSY_AFTER.total_seconds()
        while True:
            try:
                self._connection.execute("pragma journal_mode = wal")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def _open(self, path: Path) -> None:
        with self._transaction() as connection:
            ((tables,),) = connection.execute("select count(*) from sqlite_master")
            ((version,),) = connection.execute("pragma user_version")
            if tables and version != _VERSION:
                raise OtherSchema(f"{path} was written by another version of Rollcall")
            for statement in "" if tables else f"{_TABLES}pragma user_version = {_VERSION}".split(";"):
                connection.execute(statement)

    @contextmanager
    def _commit(self) -> Iterator[datetime]:
        with self._lock, _unavailable_as_ours(), self._transaction():
            yield self._tick()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("begin immediate")
        try:
            yield self._connection
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise

    def last_time(self) -> datetime | None:
        rows = self._rows("select last from clock", ())
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def _tick(self) -> datetime:
        last = self._connection.execute("select last from clock").fetchone()
        now = self._clock().astimezone(UTC)
        if last:
            next_time = datetime.fromisoformat(last[0]) + _TICK
            if self._ran_ahead(now, next_time):
                self._set_back(now, next_time)
            else:
                now = max(now, next_time)
        self._connection.execute("insert or replace into clock values (1, ?)", (_text(now),))
        return now

    def _ran_ahead(self, now: datetime, last: datetime) -> bool:
        """Where something was written in the two hours to come, they have been: the clock is behind now."""
        if last - now <= _WAITED_FOR:
            return False
        within = "select exists (select 1 from documents where updated_at between ? and ?)"
        ((was_before,),) = self._connection.execute(within, (_text(now + _A_MOMENT), _text(now + _WAITED_FOR)))
        return not was_before

    def _set_back(self, now: datetime, last: datetime) -> None:
        """Opens the intakes that only the clock closed, which close at their time with everybody. Of others' rosters it
        has a look taken soon."""
        _LOG.warning("the clock ran ahead to %s and is now at %s: intakes that it closed open again", last, now)
        for column, where in (
            ("closing", "collection = 'events' and json_extract(record, '$.closes_at') >= ?"),
            ("looks_at", f"collection = 'events' and {_IS_CLOSED} and ifnull({_LOOKS_AT}, '~') > ?"),
            ("due_at", "json_extract(record, '$.due_at') > ?"),
            ("last_sent_at", "collection = 'outbox' and json_extract(record, '$.last_sent_at') > ?"),
            ("open_until", "collection = 'queues' and json_extract(record, '$.open_until') > ?"),
        ):
            value = "null" if column == "closing" else _json(now)
            self._connection.execute(
                f"update documents set record = json_set(record, '$.{column}', json(?)), updated_at = ?"
                f" where updated_at >= ? and {where}",
                (value, _text(now), _text(now), _json(now)),
            )

    def _rows(self, query: str, values: Sequence[object]) -> list[Any]:
        with self._lock, _unavailable_as_ours():
            return self._connection.execute(query, values).fetchall()


_IS_CLOSED = "json_extract(record, '$.closing') is not null"
_LOOKS_AT = "json_extract(record, '$.looks_at')"
_NEVER = datetime.min.replace(tzinfo=UTC)


@contextmanager
def _unavailable_as_ours() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _PASSING:  # the lower byte is the primary code
            raise
        raise StoreUnavailable(_RETRY_AFTER) from error


def _listed(terms: Sequence[str]) -> str:
    return f"{_LINE}{_LINE.join(terms)}{_LINE}"


def _fields(only: Sequence[str]) -> str:
    """The nested ones together, as a document has them."""
    flat = [f"'{name}', record -> '$.{name}'" for name in only if "." not in name]
    nested = [name.split(".") for name in only if "." in name]
    for outer in dict.fromkeys(outer for outer, _ in nested):
        inner = ", ".join(f"'{name}', record -> '$.{outer}.{name}'" for first, name in nested if first == outer)
        flat.append(f"'{outer}', json_object({inner})")
    return f"json_object({', '.join(flat)})"


def _sql(query: Query, *, in_order: bool = True) -> tuple[str, list[object]]:
    """Field names are ours, and need no care."""
    if query.order_by == "name_key":
        return _sql_of_terms(query)
    # by itself SQLite takes the primary key, and looks through the whole collection
    by = next((name for name, operator, _ in query.where if operator in ("==", "in") and name in _FIELDS), None)
    sql = f"from documents{f' indexed by by_{by}' if by else ''} where collection = ?"
    values: list[object] = [query.collection]
    for name, operator, value in query.where:
        field = f"json_extract(record, '$.{name}')"
        if operator == "in":
            sql += f" and {field} in ({', '.join('?' * len(value))})"
            values += value
        elif operator == "array_contains_any":
            among = f"select 1 from json_each(record, '$.{name}') where value in ({', '.join('?' * len(value))})"
            sql += f" and exists ({among})"
            values += value
        else:
            sql += f" and {field} {'is' if operator == '==' else operator} ?"
            values.append(_compared(value))
    ordered, way = f"json_extract(record, '$.{query.order_by}')", " desc" if query.descending else ""
    if query.after and query.after_value is not None:
        sql += f" and ({ordered}, id) {'<' if query.descending else '>'} (?, ?)"
        values += [_compared(query.after_value), query.after]
    elif query.after:
        sql += " and id > ?"
        values.append(query.after)
    if in_order:
        sql += f" order by {ordered}{way}, id{way}" if query.order_by else f" order by id{way}"
    return sql + (f" limit {query.limit}" if query.limit is not None else ""), values


def _sql_of_terms(query: Query) -> tuple[str, list[object]]:
    ((_, _, terms),) = query.where
    inner = f"where collection = ? and ({' or '.join(['instr(terms, ?)'] * len(terms))})"
    values: list[object] = [query.collection, *(_listed([term]) for term in terms)]
    if query.after:
        inner += " and (name_key, id) > (?, ?)"
        values += [query.after_value, query.after]
    inner += " order by name_key, id" + (f" limit {query.limit}" if query.limit is not None else "")
    found = f"select collection, name_key, id from found_by {inner}"
    return f"from ({found}) as found join documents using (collection, id) order by found.name_key, id", values


def _split(path: str) -> tuple[str, str]:
    collection, _, id = path.rpartition("/")
    return collection, id


def _document(id: str, created_at: str, updated_at: str, record: str, *, read_at: datetime) -> Document:
    return _of(id, created_at, updated_at, _parsed(record), read_at)


def _of(id: str, created_at: str, updated_at: str, values: Values, read_at: datetime) -> Document:
    times = datetime.fromisoformat(created_at), datetime.fromisoformat(updated_at)
    return Document(id, values, read_at, *times, version=updated_at)


def _parsed(text: str) -> Any:
    # half the time where there is no instant: a map's only key
    return _WITH_INSTANTS.decode(text) if _HAS_INSTANT in text else json.loads(text)


def _compared(value: object) -> object:
    return _json(value) if isinstance(value, datetime) else value


def _json(value: object) -> str:
    """As SQLite writes it, for comparing."""
    return json.dumps(value, default=lambda instant: {_INSTANT: _text(instant)}, separators=(",", ":"))


def _with_instants(value: Mapping[str, Any]) -> Any:
    return datetime.fromisoformat(value[_INSTANT]) if value.keys() == {_INSTANT} else value


_WITH_INSTANTS = json.JSONDecoder(object_hook=_with_instants)  # `json.loads` would make one each time


def _text(instant: datetime) -> str:
    """Fixed width, so that texts sort as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
