"""Firestore has the indexes that the store's queries need, and no other. The emulator answers without any.

A single-field index serves equality and order by id; equality on one field with a range, or an `in`, on another needs a
composite one; an exempt field has its composite indexes all the same. `*` stands for every field of a collection that
is not named: https://cloud.google.com/firestore/docs/query-data/index-overview and
https://cloud.google.com/firestore/docs/reference/rest/v1beta2/projects.databases.collectionGroups.fields
"""

import inspect
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.types import StructuredQuery

from rollcall.desk.register import Accepted, Conflict, register
from rollcall.store import contribution_documents, database, documents, personal_data_documents, staff_documents
from rollcall.store.firestore import FirestoreStore
from tests.support.builders import a_registration, an_event, desk_with
from tests.support.desk import Postbox
from tests.support.filled import PATHS, fill, query_all

Index = tuple[str, ...]
"""The collection, and the fields in order; `-` before one that descends."""
WRITTEN = json.loads((Path(__file__).parents[2] / "deploy" / "firestore.indexes.json").read_text("utf-8"))
COLLECTIONS = {path.split("/")[-2] for path in PATHS}


@pytest.fixture
def queries(project: str) -> list[Any]:
    """Every query that the store makes, as it goes over the line."""
    asked: list[Any] = []

    class Listening(grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
        def intercept_unary_stream(self, go_on, details, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            if details.method.endswith("/RunQuery"):
                asked.append(StructuredQuery.wrap(request.structured_query))
            elif details.method.endswith("/RunAggregationQuery"):
                asked.append(StructuredQuery.wrap(request.structured_aggregation_query.structured_query))
            return go_on(details, request)

    channel = grpc.intercept_channel(grpc.insecure_channel(os.environ["FIRESTORE_EMULATOR_HOST"]), Listening())
    store = FirestoreStore(project, channel)
    fill(store, an_event())
    query_all(store, an_event())
    return asked


def test_each_query_has_its_index_and_each_index_its_query(queries: list[Any]) -> None:
    needed = {needs for needs in map(_needs, queries) if len(needs) > 1}
    assert needed == _indexes()
    layers = contribution_documents, database, documents, personal_data_documents, staff_documents
    written = "".join(map(inspect.getsource, layers))
    filtered = set(re.findall(r'\("(\w+)", "(?:==|<|<=|>|in|array_contains_any)", ', written))
    ordered = {"name_key", "made_at"}
    assert filtered | ordered == {
        field.strip("-") for _, *fields in needed for field in fields
    }  # there is no query that nobody made here


def test_every_field_that_no_query_needs_is_exempt() -> None:
    exempt = [
        (override["collectionGroup"], override["fieldPath"])
        for override in WRITTEN["fieldOverrides"]
        if not override["indexes"] and not override.get("ttl")
    ]
    assert sorted(exempt) == sorted((collection, "*") for collection in COLLECTIONS)


def test_the_fields_by_which_documents_expire_are_written(project: str, tmp_path: Path) -> None:
    """A field of another name would keep them for good."""
    today = datetime.now(UTC).replace(microsecond=0)
    event = an_event(opens_at=today - timedelta(days=1), closes_at=today + timedelta(days=1))
    client = firestore.Client(project=project)
    desk = desk_with(FirestoreStore(project), Postbox().post, tmp_path, events={event.slug: event})
    assert isinstance(register(desk, event, a_registration(), "a key"), Accepted)
    assert isinstance(register(desk, event, a_registration(category="associate")), Conflict)
    expires = {}
    for ttl in [override for override in WRITTEN["fieldOverrides"] if override.get("ttl")]:
        [document] = client.collection_group(ttl["collectionGroup"]).stream()
        expires[ttl["collectionGroup"]] = (document.to_dict() or {})[ttl["fieldPath"]]
    assert expires["idempotency"] == event.closes_at + timedelta(days=30)
    assert today < expires["differing"] - timedelta(days=30) < today + timedelta(hours=1)
    assert today < expires["conflicts"] < today + timedelta(hours=2)


def _needs(query: Any) -> Index:
    where = query.where
    filters = [one.field_filter or one.unary_filter for one in where.composite_filter.filters] or [where.field_filter]
    order = {one.field.field_path: _SIGNS[one.direction.name] for one in query.order_by}
    fields = dict.fromkeys([one.field.field_path for one in filters] + list(order))
    named = (f"{order.get(field, '')}{field}" for field in fields if field not in ("", "__name__"))
    return (query.from_[0].collection_id, *named)


def _indexes() -> set[Index]:
    """Those that are written down; each is of the collection."""
    single = [(override, one) for override in WRITTEN["fieldOverrides"] for one in override["indexes"]]
    assert {one["queryScope"] for one in [*WRITTEN["indexes"], *(one for _, one in single)]} == {"COLLECTION"}
    return {
        (override["collectionGroup"], f"{_SIGNS[one.get('order', 'ASCENDING')]}{override['fieldPath']}")
        for override, one in single
    } | {
        (
            index["collectionGroup"],
            *(f"{_SIGNS[field.get('order', 'ASCENDING')]}{field['fieldPath']}" for field in index["fields"]),
        )
        for index in WRITTEN["indexes"]
    }


_SIGNS = {"ASCENDING": "", "DESCENDING": "-"}
