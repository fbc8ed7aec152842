"""Testing: a person who is registered only to see that the desk takes registrations. Nobody is told of one, and on no
list is one."""

from rollcall.model.registration import fold

_BEGINS = "rollcall-test-"
_HOST = "@sink.sendgrid.net"


def address_of_test_person(mark: str) -> str:
    """The address of a test person; the mark tells one from another. All mail to this host of SendGrid's own is
    accepted and then deleted, so that no registrant can have it (SendGrid's page "Safely test your sending speed", as
    in https://github.com/sendgrid/docs/pull/2614)."""
    return f"{_BEGINS}{mark}{_HOST}"


def is_test(address: str) -> bool:
    """Whether it is the address of a test person: this alone says so, in every store and at every time."""
    folded = fold(address)
    return folded.startswith(_BEGINS) and folded.endswith(_HOST)
