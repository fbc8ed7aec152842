"""What Firestore's trigger posts, as Google has published it:
https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/cloud/firestore/v1/data.proto"""

from collections.abc import Iterable

from google.cloud import firestore
from google.cloud.firestore_v1.types import Document

from rollcall.local.trigger import trigger_of

VALUE, OLD_VALUE = 1, 2
"""Fields of `DocumentEventData`, each a document."""


def triggers(project: str, ids: Iterable[str]) -> list[tuple[dict[str, str], bytes]]:
    """Headers and body for each outbox entry as it now is."""
    client, outbox = firestore.Client(project=project), f"projects/{project}/databases/(default)/documents/outbox"
    metadata, found = [("authorization", "Bearer owner")], []
    for id in ids:
        there = client._firestore_api.get_document(request={"name": f"{outbox}/{id}"}, metadata=metadata)
        found.append((trigger_of(id) | {"content-type": "application/protobuf"}, in_field(VALUE, there)))
    return found


def in_field(number: int, document: Document) -> bytes:
    """In protocol buffers' wire format."""
    message: bytes = Document.serialize(document)
    return bytes([number << 3 | 2]) + _varint(len(message)) + message


def _varint(number: int) -> bytes:
    more = number >> 7
    return bytes([number & 0x7F | 0x80]) + _varint(more) if more else bytes([number])
