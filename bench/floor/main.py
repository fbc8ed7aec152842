"""The bare Python function: functions-framework, one commit with the Firestore client, nothing checked."""

from typing import Any

import functions_framework
from flask import Request
from google.cloud import firestore

from bench.floor.three_documents import answer, documents, new_id

CLIENT = firestore.Client()


@functions_framework.http
def register(request: Request) -> tuple[dict[str, str], int]:
    form: Any = request.get_json()
    id = new_id()
    batch = CLIENT.batch()
    for path, values in documents(id, form).items():
        batch.create(CLIENT.document(path), values)
    batch.commit()
    return answer(id), 201
