"""Contributions that come by e-mail."""

from dataclasses import replace

from rollcall.desk.desk import Desk
from rollcall.model.inbound import InboundEmail, InboundPaper, InboundPaperStatus, InboundStatus

SETTLED = (InboundPaperStatus.RECEIVED, InboundPaperStatus.DUPLICATE, InboundPaperStatus.WITHDRAWN)


def papers_to_complete(inbound: InboundEmail) -> list[tuple[int, InboundPaper]]:
    """Each with its place; none once the staff dealt with the e-mail."""
    papers = enumerate(inbound.papers)
    return [(place, one) for place, one in papers if one.status is InboundPaperStatus.INCOMPLETE]


def note_completed(desk: Desk, inbound_id: str, place: int, contribution_id: str) -> None:
    """After its page was sent: safe to say again."""
    while inbound := desk.store.inbound(inbound_id):
        after = completed(inbound, place, contribution_id)
        if after == inbound or desk.store.save_inbound(after):
            return


def completed(inbound: InboundEmail, place: int, contribution_id: str) -> InboundEmail:
    if inbound.papers[place].status in SETTLED:
        return inbound
    done = InboundPaper(InboundPaperStatus.RECEIVED, contribution_id)
    papers = (*inbound.papers[:place], done, *inbound.papers[place + 1 :])
    waits = inbound.status is InboundStatus.WAITING_FOR_SENDER
    return replace(
        inbound,
        papers=papers,
        status=InboundStatus.REGISTERED if waits and _all_settled(inbound, papers) else inbound.status,
    )


def _all_settled(inbound: InboundEmail, papers: tuple[InboundPaper, ...]) -> bool:
    from rollcall.model.inbound import REGISTERED

    return all(one.status in SETTLED for one in papers) and all(form.status in REGISTERED for form in inbound.forms)
