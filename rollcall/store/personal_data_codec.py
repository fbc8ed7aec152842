"""What is stored of erasures, accesses and retention. rollcall/store/codec.py says what a field that is added needs."""

from collections.abc import Mapping
from typing import Any

from rollcall.model.personal_data import Access, Erasure, ErasureStatus, Ground, Opened, Retention, Tally


def erasure_record(erasure: Erasure) -> dict[str, Any]:
    return {
        "event": erasure.event,
        "status": erasure.status.value,
        "asked_at": erasure.asked_at,
        "ground": erasure.ground and erasure.ground.value,
        "decided_by": erasure.decided_by,
        "decided_at": erasure.decided_at,
        "answer": erasure.answer,
        "refusals": erasure.refusals,
        "due_at": erasure.due_at,
        "erased_at": erasure.erased_at,
        "erased": dict(erasure.erased),
        "doubles": list(erasure.doubles),
        "listed": dict(erasure.listed),
    }


def erasure_from(id: str, record: Mapping[str, Any], version: object) -> Erasure:
    return Erasure(
        registration_id=id,
        event=record["event"],
        status=ErasureStatus(record["status"]),
        asked_at=record["asked_at"],
        ground=Ground(record["ground"]) if record["ground"] else None,
        decided_by=record["decided_by"],
        decided_at=record["decided_at"],
        answer=record["answer"],
        refusals=record["refusals"],
        due_at=record["due_at"],
        erased_at=record["erased_at"],
        erased=record["erased"],
        doubles=tuple(record["doubles"]),
        listed=record["listed"],
        version=version,
    )


def access_record(access: Access) -> dict[str, Any]:
    return {
        "event": access.event,
        "by": access.by,
        "at": access.at,
        "what": access.what.value,
        "registration_id": access.registration_id,
        "about": access.about,
    }


def access_from(id: str, record: Mapping[str, Any]) -> Access:
    return Access(
        id=id,
        event=record["event"],
        by=record["by"],
        at=record["at"],
        what=Opened(record["what"]),
        registration_id=record["registration_id"],
        about=record["about"],
    )


def retention_record(retention: Retention) -> dict[str, Any]:
    tally = retention.tally
    return {
        "keep_until": retention.keep_until,
        "looks_at": retention.looks_at,
        "last_deleted_at": retention.last_deleted_at,
        "tally": tally
        and {
            "registered": tally.registered,
            "withdrawn": tally.withdrawn,
            "late": tally.late,
            "contributions": tally.contributions,
            "by_category": dict(tally.by_category),
            "by_country": dict(tally.by_country),
        },
    }


def retention_from(event: str, record: Mapping[str, Any], version: object) -> Retention:
    tally = record["tally"]
    return Retention(
        event=event,
        keep_until=record["keep_until"],
        looks_at=record["looks_at"],
        tally=Tally(**tally) if tally else None,
        last_deleted_at=record["last_deleted_at"],
        version=version,
    )
