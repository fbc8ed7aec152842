"""The bare Python function: functions-framework, one commit with the Firestore client, nothing checked."""

from typing import Any

import functions_framework
from flask import Request
from google.cloud import firestore

from bench.floor.two_documents import EVENT, answer, mail, new_id, registration

CLIENT = firestore.Client()


@functions_framework.http
def register(request: Request) -> tuple[dict[str, str], int]:
    """Writes the two documents, answers 201."""
    form: Any = request.get_json()
    id = new_id()
    batch = CLIENT.batch()
    batch.create(CLIENT.document("intakes", EVENT, "registrations", id), registration(form))
    batch.create(CLIENT.document("mails", f"{EVENT}.{id}.confirmation"), mail(id, form))
    batch.commit()
    return answer(id), 201
