"""Over a faulty line to Firestore: who hears nothing sends again, and there is one contribution, and one change."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from grpc import StatusCode

from rollcall.desk.contributions.change import AsBefore, Changed, add_paper, withdraw
from rollcall.desk.contributions.submit import Received, ReceivedBefore, submit
from rollcall.desk.desk import Desk
from rollcall.model.contribution import PaperKind
from rollcall.model.email import contribution_notice
from rollcall.model.errors import StoreUnavailable
from rollcall.store.firestore import RETRY_WITHIN, FirestoreStore
from tests.support.contributions import EVENT, SUBMITTER, a_contribution_desk, a_draft, a_file, kept, sent_in
from tests.support.faulty_firestore import FaultyFirestore, answer_lost, faulty_firestore, refused

LIVE = replace(EVENT, ends=date(2100, 1, 1))
LOST = answer_lost(StatusCode.UNAVAILABLE)


@pytest.fixture
def line(emulator: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyFirestore]:
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        yield line


def a_desk(project: str, folder: Path, retry_within: timedelta = RETRY_WITHIN) -> Desk:
    store = FirestoreStore(project, retry_within=retry_within)
    desk = a_contribution_desk(store, folder, event=LIVE)
    desk.intakes.recent(LIVE)
    return desk


@pytest.fixture
def desk(line: FaultyFirestore, project: str, tmp_path: Path) -> Desk:
    return a_desk(project, tmp_path)


def test_whose_answer_was_lost_is_told_as_received(desk: Desk, line: FaultyFirestore) -> None:
    line.order("Commit", LOST)
    outcome = submit(desk, LIVE, a_draft())
    assert isinstance(outcome, Received)
    assert kept(desk.store, outcome.contribution.id).created_at == outcome.received_at
    line.order("Commit", refused(StatusCode.UNAVAILABLE))
    again = submit(desk, LIVE, a_draft())
    assert isinstance(again, ReceivedBefore)
    assert again.contribution.id == outcome.contribution.id
    assert desk.store.count_contributions(LIVE.slug) == 1


def test_a_change_whose_answer_was_lost_is_told_as_made(desk: Desk, line: FaultyFirestore) -> None:
    one = sent_in(desk, event=LIVE)
    line.order("Commit", LOST)
    revised = add_paper(desk, LIVE, one.id, PaperKind.REVISION, (a_file("second"),), SUBMITTER)
    assert isinstance(revised, Changed)
    assert [paper.number for paper in kept(desk.store, one.id).papers] == [0, 1]
    line.order("Commit", LOST)  # the mark for what is published
    assert isinstance(withdraw(desk, LIVE, one.id, SUBMITTER), Changed)
    assert [change.number for change in desk.store.contribution_history(one.id)] == [2, 3]


def test_commits_that_never_answered_and_the_same_again(line: FaultyFirestore, project: str, tmp_path: Path) -> None:
    desk = a_desk(project, tmp_path, timedelta(milliseconds=300))
    line.order("Commit", *[LOST] * 40)
    with suppress(StoreUnavailable):
        submit(desk, LIVE, a_draft())
    line.forget_orders()
    again = submit(desk, LIVE, a_draft())
    assert isinstance(again, ReceivedBefore)
    id = again.contribution.id
    line.order("Commit", *[LOST] * 40)
    with suppress(StoreUnavailable):
        add_paper(desk, LIVE, id, PaperKind.REVISION, (a_file("second"),), SUBMITTER)
    line.forget_orders()
    revised = add_paper(desk, LIVE, id, PaperKind.REVISION, (a_file("second"),), SUBMITTER)
    assert isinstance(revised, AsBefore)
    assert isinstance(withdraw(desk, LIVE, id, SUBMITTER), Changed)
    assert desk.store.entry(contribution_notice(kept(desk.store, id)).id)
