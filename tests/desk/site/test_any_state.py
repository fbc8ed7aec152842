"""Whatever becomes of papers and people: what not everybody may read is not published."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from hypothesis.strategies import booleans, integers, sampled_from

from rollcall.desk import amend
from rollcall.desk.contributions import change
from rollcall.desk.site.programme import programme_now, publish_participants
from rollcall.desk.site.publish import publish, publish_due
from rollcall.model.contribution import Paper, PaperKind, PaperStatus
from rollcall.model.programme import NEVER
from rollcall.model.registration import Actor, Way
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import CANNOT_COME
from tests.support.clock import Clock
from tests.support.contributions import SUBMITTER, a_file, kept
from tests.support.publishing import (
    EVENT,
    Killed,
    a_paper,
    a_participant,
    a_press,
    a_publishing_desk,
    comes,
    files_in,
    killed_at,
    listed_in,
    site_of,
)

WHICH = integers(0, 99)


class AnyState(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.clock = Clock(datetime(2004, 2, 2, 12, tzinfo=UTC))
        self.desk = a_publishing_desk(SqliteStore(self.folder / "db", self.clock, durable=False), self.folder)
        self.papers: list[str] = []
        self.people: dict[str, str] = {}
        self.sent = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def _content(self) -> str:
        self.sent += 1
        return f"paper {self.sent}"

    @rule()
    def a_paper_comes(self) -> None:
        self.papers.append(a_paper(self.desk, self._content()).id)

    @precondition(lambda self: self.papers)
    @rule(which=WHICH, kind=sampled_from([PaperKind.REVISION, PaperKind.ADDENDUM, PaperKind.CORRIGENDUM]))
    def another_comes(self, which: int, kind: PaperKind) -> None:
        file = a_file(self._content())
        self.desk.files().put(file.id, file.name.removesuffix(".pdf").encode())
        change.add_paper(self.desk, EVENT, self._paper(which), kind, (file,), SUBMITTER)

    @precondition(lambda self: self.papers)
    @rule(which=WHICH, place=WHICH, held=booleans())
    def the_staff_judge(self, which: int, place: int, held: bool) -> None:
        there = kept(self.desk.store, self._paper(which))
        at, press = [place % len(there.papers)], a_press()
        if held:
            change.hold(self.desk, EVENT, there.id, there.revision, at, "why", press)
        else:
            change.publish(self.desk, EVENT, there.id, there.revision, at, press)

    @precondition(lambda self: self.papers)
    @rule(which=WHICH)
    def its_submitter_withdraws(self, which: int) -> None:
        change.withdraw(self.desk, EVENT, self._paper(which), SUBMITTER)

    @rule(listed=booleans())
    def somebody_comes(self, listed: bool) -> None:
        name = f"Person{chr(65 + len(self.people))}"
        self.people[comes(self.desk, name, listed=listed)] = name

    @precondition(lambda self: self.people)
    @rule(which=WHICH, listed=booleans(), published=booleans())
    def somebody_changes(self, which: int, listed: bool, published: bool) -> None:
        id = [*self.people][which % len(self.people)]
        desk = self.desk if published else replace(self.desk, republish=lambda desk, event: None)
        there = amend.read(desk, EVENT, id)
        assert there
        form = a_participant(self.people[id], listed=listed)
        amend.amend(desk, EVENT, id, there.revision, form, Actor.REGISTRANT, Way.LINK)

    @precondition(lambda self: self.people)
    @rule(which=WHICH)
    def somebody_withdraws(self, which: int) -> None:
        amend.withdraw(self.desk, EVENT, [*self.people][which % len(self.people)], CANNOT_COME)

    @rule(shown=booleans())
    def the_list_is_shown_or_not(self, shown: bool) -> None:
        at = self.clock.now if shown else NEVER
        publish_participants(self.desk, EVENT, programme_now(self.desk.store, EVENT).number, at, a_press())

    @rule(step=integers(1, 40))
    def it_is_published_and_killed(self, step: int) -> None:
        try:
            publish(killed_at(self.desk, step), EVENT)
        except Killed:
            return
        self._is_right()

    @rule()
    def it_is_published(self) -> None:
        publish(self.desk, EVENT)
        self._is_right()

    @rule()
    def the_sweep_comes(self) -> None:
        """The lease has passed: what died is dead."""
        self.clock.forward(timedelta(minutes=11))
        assert not [one for _, one in publish_due(self.desk) if isinstance(one, Exception)]
        self._is_right()

    def _paper(self, which: int) -> str:
        return self.papers[which % len(self.papers)]

    def _is_right(self) -> None:
        site, store = site_of(self.desk), self.desk.store
        those = [kept(store, id) for id in self.papers]
        public = [one for one in those if one.published]
        gone = [one for one in those if one.withdrawn and any(map(_is_public, one.papers))]
        contents = [_content_of(paper) for one in public for paper in one.published]
        assert sorted(files_in(self.folder).values()) == sorted(contents)
        assert {file.name for file in site.files} == {*files_in(self.folder)}
        shown = [(one.number, one.withdrawn) for one in site.contributions]
        assert shown == sorted([(one.number, False) for one in public] + [(one.number, True) for one in gone])
        self._are_listed(site.participants is not None)

    def _are_listed(self, shown: bool) -> None:
        written = self.desk.published().site(EVENT.slug)
        assert written
        begins = programme_now(self.desk.store, EVENT).participants_from
        assert shown is (begins is not None and begins <= self.clock.now)
        agreed = set()
        for id, name in self.people.items():
            there = amend.read(self.desk, EVENT, id)
            assert there
            if there.registration.answers.get("listed") == "yes" and not there.is_withdrawn:
                agreed.add(name)
        assert {*listed_in(site_of(self.desk))} == (agreed if shown else set())
        assert not [name for name in self.people.values() if name not in agreed and name.encode() in written[0]]


def _content_of(paper: Paper) -> bytes:
    (file,) = paper.files
    return file.name.removesuffix(".pdf").encode()


def _is_public(paper: Paper) -> bool:
    return paper.status is PaperStatus.PUBLISHED


TestAnyState = AnyState.TestCase
TestAnyState.settings = settings(max_examples=6, stateful_step_count=25, deadline=None)
