"""The bare Python function with asyncio: `functions_framework.aio` (uvicorn) and Firestore's AsyncClient."""

import functions_framework.aio
from google.cloud import firestore
from starlette.requests import Request
from starlette.responses import JSONResponse

from bench.floor.two_documents import EVENT, answer, mail, new_id, registration

CLIENT = firestore.AsyncClient()


@functions_framework.aio.http
async def register(request: Request) -> JSONResponse:
    """Writes the two documents, answers 201."""
    form = await request.json()
    id = new_id()
    batch = CLIENT.batch()
    batch.create(CLIENT.document("intakes", EVENT, "registrations", id), registration(form))
    batch.create(CLIENT.document("mails", f"{EVENT}.{id}.confirmation"), mail(id, form))
    await batch.commit()
    return JSONResponse(answer(id), 201)
