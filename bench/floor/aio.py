"""The bare Python function with asyncio: `functions_framework.aio` (uvicorn) and Firestore's AsyncClient."""

import functions_framework.aio
from google.cloud import firestore
from starlette.requests import Request
from starlette.responses import JSONResponse

from bench.floor.three_documents import answer, documents, new_id

CLIENT = firestore.AsyncClient()


@functions_framework.aio.http
async def register(request: Request) -> JSONResponse:
    form = await request.json()
    id = new_id()
    batch = CLIENT.batch()
    for path, values in documents(id, form).items():
        batch.create(CLIENT.document(path), values)
    await batch.commit()
    return JSONResponse(answer(id), 201)
