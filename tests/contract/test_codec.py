"""Instances of two versions run side by side: a document without a field that was added later is read."""

from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm
from rollcall.model.registration import KeyUse
from rollcall.store import codec
from tests.support.builders import an_event

NOW = an_event().opens_at
FORM = InboundForm(FormStatus.INCOMPLETE, answers={"family_name": "Diallo"})
INBOUND = InboundEmail("0" * 24, "intgov04", stored_at=NOW, forms=(FORM,))


def test_a_form_from_before_doubts_and_languages_were_stored_has_none() -> None:
    record = codec.inbound_record(INBOUND)
    del record["forms"][0]["doubts"], record["forms"][0]["language"]
    assert codec.inbound_from(INBOUND.id, record, NOW, None) == INBOUND


def test_a_key_from_before_duplicates_were_remembered_was_accepted() -> None:
    assert codec.key_use_from({"registration_id": "0" * 24}) == KeyUse("0" * 24, is_duplicate=False)
