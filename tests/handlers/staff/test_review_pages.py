"""The pages of the review queue, as one of the staff asks for them; what strangers wrote stays text in them."""

import re
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from html import unescape
from urllib.parse import unquote

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.quarantine import quarantine
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import Accepted, Conflict, register
from rollcall.model.email import EmailStatus
from rollcall.model.inbound import InboundEmail
from rollcall.model.registration import BotSignal, person_key
from rollcall.model.review import EVER, ItemKind
from rollcall.model.staff import Role, StaffMember
from tests.support.builders import a_form, a_form_in_text, a_registration, an_event
from tests.support.desk import EVENT
from tests.support.inbound import A_PDF, raw_post, stored
from tests.support.served import Answer
from tests.support.staff_pages import StaffPages

SLUG = EVENT.slug
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
ANNA, BEN, VIEWER = EVENT.staff[0].address, "ben@example.org", "viewer@example.org"


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(desk, ANNA)


@pytest.fixture
def two(desk: Desk) -> tuple[StaffPages, StaffPages, StaffPages]:
    """Two of the staff, and one who may only look."""
    members = StaffMember(ANNA), StaffMember(BEN), StaffMember(VIEWER, Role.VIEWER)
    shared = replace(desk, events={SLUG: an_event(staff=members)})
    return StaffPages(shared, ANNA), StaffPages(shared, BEN), StaffPages(shared, VIEWER)


def a_quarantined(desk: Desk, **changes: str) -> str:
    form = a_registration(**changes)
    quarantine(desk, EVENT, form, BotSignal.HIDDEN_FIELD)
    return f"review/quarantined/{desk.store.quarantined_waiting(SLUG, EVER, 99)[-1].item}"


def a_differing(desk: Desk, **answers: str) -> str:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    other = {**a_registration().answers, "hotel": "Hotel Epsom", **answers}
    assert isinstance(register(desk, EVENT, a_registration(answers=other)), Conflict)
    return f"review/differing/{accepted.id}"


def an_email(desk: Desk, text: str = "Is there a bus?", *files: tuple[str, str, bytes], **head: str) -> str:
    message = EmailMessage()
    message["From"] = "Amina <amina@example.org>"
    message["To"] = "intgov04@forms.example.org"
    message["Subject"] = "Registration"
    message["Message-ID"] = f"<{abs(hash((text, str(head))))}@example.org>"
    for name, value in head.items():
        del message[name]
        message[name] = value
    message.set_content(text)
    for name, type, content in files:
        main, _, sub = type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    inbound = read_in(desk, receive(desk, stored(*raw_post(bytes(message), sender="amina@example.org"))))
    assert inbound is not None
    assert inbound.needs_review
    return f"review/inbound/{inbound.id}"


def a_machines_email(desk: Desk, text: str) -> str:
    """A form that somebody has to look at."""
    return an_email(desk, text, **{"Auto-Submitted": "auto-replied"})


def an_undelivered(desk: Desk, reason: str = "550 no such user") -> str:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    entry = desk.store.entry(f"{SLUG}.{accepted.id}.confirmation")
    assert entry is not None
    assert desk.store.save_entry(replace(entry, status=EmailStatus.BOUNCED, due_at=None, reason=reason))
    return f"review/undelivered/{entry.id}"


def two_doubles(desk: Desk) -> str:
    ids = []
    for name in ("Diallo", "Diállo"):
        accepted = register(desk, EVENT, a_registration(family_name=name))
        assert isinstance(accepted, Accepted)
        ids.append(accepted.id)
    return f"review/doubles/{'-'.join(sorted(ids))}"


EACH = pytest.mark.parametrize(
    ("come", "ending"),
    [
        (a_quarantined, "robot"),
        (a_differing, "left"),
        (an_email, "dealt_with"),
        (an_undelivered, "dismissed"),
        (two_doubles, "not_the_same"),
    ],
)
Come = Callable[[Desk], str]


def field(answer: Answer, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, f"no field {name}"
    return unescape(found[1])


def end(pages: StaffPages, path: str, ending: str, button: str | None = None) -> Answer:
    seen = field(pages.get(path), "_seen")
    return pages.post(f"{path}/end", button, _seen=seen, _ending=ending)


def inbound_of(desk: Desk, path: str) -> InboundEmail:
    inbound = desk.store.inbound(path.rpartition("/")[2])
    assert inbound is not None
    return inbound


def test_an_empty_queue_says_so(pages: StaffPages) -> None:
    assert "Nothing waits for you." in pages.get("review").text


@EACH
def test_an_item_is_listed_opened_taken_and_ended(pages: StaffPages, come: Come, ending: str) -> None:
    path = come(pages.desk)
    listing = pages.get("/".join(path.split("/")[:2]))
    assert f'href="{pages.path(path)}"' in listing.text
    opened = pages.get(path)
    assert opened.status == 200
    assert "Nobody has this one." in opened.text
    taken = pages.post(f"{path}/take")
    assert (taken.status, taken.headers["Location"]) == (303, pages.path(path))
    assert "You have this one." in pages.get(path).text
    ended = end(pages, path, ending)
    assert ended.status == 303
    assert ended.headers["Location"] == f"{pages.path('review')}?done={ending}"
    assert f'href="{pages.path(path)}"' not in pages.get("/".join(path.split("/")[:2])).text
    assert ANNA in pages.get(path).text
    assert 'class="button"' not in pages.get(path).text or ending in ("dismissed",)


@EACH
def test_a_viewer_sees_it_and_may_press_nothing(
    two: tuple[StaffPages, StaffPages, StaffPages], come: Come, ending: str
) -> None:
    editor, _, viewer = two
    path = come(editor.desk)
    seen = field(editor.get(path), "_seen")
    shown = viewer.get(path)
    assert shown.status == 200
    assert "<button" not in shown.text.replace('<button type="submit" hidden', "")
    for verb in ("take", "release", "end", "register", "save", "form/0"):
        answer = viewer.post(f"{path}/{verb}", _seen=seen, _ending=ending)
        assert answer.status in (403, 404, 405)
    assert viewer.post(f"{path}/end", _seen=seen, _ending=ending).status == 403
    assert viewer.desk.store.audit(SLUG, None, 9) == []
    assert "Nobody has this one." in editor.get(path).text


@EACH
def test_two_of_the_staff_at_one_item(two: tuple[StaffPages, StaffPages, StaffPages], come: Come, ending: str) -> None:
    anna, ben, _ = two
    path = come(anna.desk)
    seen = field(ben.get(path), "_seen")
    anna.post(f"{path}/take")
    assert anna.address in ben.get("/".join(path.split("/")[:2])).text
    opened = ben.get(path)
    assert f"{anna.address}" in opened.text
    assert "Take it over" in opened.text
    refused = ben.post(f"{path}/end", _seen=seen, _ending=ending)
    assert refused.status == 409
    assert "has it at the moment" in refused.text
    assert ben.post(f"{path}/take").status == 409
    assert ben.post(f"{path}/take", _over=anna.address).status == 303
    assert end(ben, path, ending).status == 303
    late = anna.post(f"{path}/end", _seen=seen, _ending=ending)
    assert late.status == 409
    assert "There is nothing left to do here." in late.text
    assert anna.post(f"{path}/take").status == 409


@EACH
def test_a_button_pressed_twice_or_of_another_page_does_nothing(pages: StaffPages, come: Come, ending: str) -> None:
    path, button = come(pages.desk), pages.button()
    assert end(pages, path, ending, "forged").status == 403
    assert end(pages, path, ending, pages.desk.links.button(BEN, pages.desk.store.now())).status == 403
    seen = field(pages.get(path), "_seen")
    answers = [pages.post(f"{path}/end", button, _seen=seen, _ending=ending) for _ in range(2)]
    assert [one.status for one in answers] == [303, 303]
    assert len(pages.desk.store.audit(SLUG, None, 9)) == 1


@EACH
def test_an_ending_of_another_kind_is_none(pages: StaffPages, come: Come, ending: str) -> None:
    path = come(pages.desk)
    for other in ("registered", "changed", "", "x", "robot" if ending != "robot" else "left"):
        assert end(pages, path, other).status == 404


@EACH
def test_an_item_of_another_event_is_not_there(desk: Desk, come: Come, ending: str) -> None:
    other = an_event(slug="other")
    both = replace(desk, events={SLUG: EVENT, other.slug: other})
    path = come(both)
    pages = StaffPages(both, ANNA, other)
    assert pages.get(path).status == 404
    assert pages.post(f"{path}/take").status == 404
    assert pages.post(f"{path}/end", _seen="", _ending=ending).status == 404


@pytest.mark.parametrize("kind", [*ItemKind, "nothing"])
def test_an_address_that_leads_nowhere_is_not_found(pages: StaffPages, kind: str) -> None:
    for id in ("none", "..", ".", "%2e%2e", "a b", "é", 400 * "x", "-", "A-A"):
        assert pages.get(f"review/{kind}/{id}").status == 404
        assert pages.post(f"review/{kind}/{id}/take").status == 404


class TestAQuarantinedForm:
    def test_is_registered_and_the_next_one_comes_up(self, pages: StaffPages) -> None:
        path, next = a_quarantined(pages.desk), a_quarantined(pages.desk, first_name="Robot")
        answer = pages.post(f"{path}/register", _seen=field(pages.get(path), "_seen"))
        assert (answer.status, answer.headers["Location"]) == (303, f"{pages.path(next)}?done=registered")
        assert "This is the next one." in pages.ask("GET", answer.headers["Location"]).text
        (one,) = pages.desk.store.registrations(SLUG, None, 9)
        assert one.registration == a_registration()

    def test_in_whose_place_another_came_is_not_there(self, pages: StaffPages) -> None:
        path = a_quarantined(pages.desk)
        seen = field(pages.get(path), "_seen")
        a_quarantined(pages.desk, category="associate")
        assert pages.post(f"{path}/register", _seen=seen).status == 404
        assert pages.desk.store.registrations(SLUG, None, 9) == []
        assert person_key(a_registration()) not in pages.get("review").text


class TestDifferingForms:
    def test_old_and_new_stand_side_by_side_and_each_change_is_taken_or_not(self, pages: StaffPages) -> None:
        path = a_differing(pages.desk, tel="+224 30 00 00 00")
        shown = pages.get(path)
        for text in ("Hôtel Cornavin", "Hotel Epsom", "+224 30 41 13 31", "+224 30 00 00 00"):
            assert text in shown.text
        (form,) = set(re.findall(r'name="take-hotel" value="([^"]+)"', shown.text))
        fields = {"_seen": field(shown, "_seen"), "_revision": field(shown, "_revision"), "take-hotel": form}
        assert pages.post(f"{path}/save", **fields, **{"take-tel": ""}).status == 303
        (one,) = pages.desk.store.registrations(SLUG, None, 9)
        assert one.registration.answers["hotel"] == "Hotel Epsom"
        assert one.registration.answers["tel"] == "+224 30 41 13 31"
        assert "Nothing waits for you." in pages.get("review").text

    def test_nothing_taken_changes_nothing(self, pages: StaffPages) -> None:
        path = a_differing(pages.desk)
        shown = pages.get(path)
        fields = {"_seen": field(shown, "_seen"), "_revision": field(shown, "_revision")}
        answer = pages.post(f"{path}/save", **fields, **{"take-hotel": "", "take-email": "x", "take-nothing": "y"})
        assert answer.headers["Location"].endswith("?done=left")
        (one,) = pages.desk.store.registrations(SLUG, None, 9)
        assert one.revision == 1

    def test_a_revision_that_is_no_number_is_none_that_was_shown(self, pages: StaffPages) -> None:
        path = a_differing(pages.desk)
        shown = pages.get(path).text
        (form,) = set(re.findall(r'name="take-hotel" value="([^"]+)"', shown))
        fields = {"_seen": field(pages.get(path), "_seen"), "_revision": "9" * 5000, "take-hotel": form}
        assert pages.post(f"{path}/save", **fields).status == 409

    def test_answers_that_do_not_go_together_are_not_saved(self, pages: StaffPages) -> None:
        path = a_differing(pages.desk, address="")
        shown = pages.get(path)
        (form,) = set(re.findall(r'name="take-address" value="([^"]+)"', shown.text))
        fields = {"_seen": field(shown, "_seen"), "_revision": field(shown, "_revision"), "take-address": form}
        answer = pages.post(f"{path}/save", **fields)
        assert (answer.status, "do not go together" in answer.text) == (422, True)
        (one,) = pages.desk.store.registrations(SLUG, None, 9)
        assert one.revision == 1


def form_fields(pages: StaffPages, path: str, **changes: str) -> dict[str, str]:
    shown = pages.get(path)
    assert shown.status == 200
    said = {name: str(text) for name, text in a_form().items()}
    return {"_seen": field(shown, "_seen"), "_revision": field(shown, "_revision"), **said, **changes}


class TestAnInboundEmail:
    def test_its_form_is_filled_in_as_far_as_it_was_understood_and_registered(self, pages: StaffPages) -> None:
        path = a_machines_email(pages.desk, a_form_in_text(tel=""))
        shown = pages.get(f"{path}/form/0")
        assert 'value="Diallo"' in shown.text
        answer = pages.post(f"{path}/form/0", **form_fields(pages, f"{path}/form/0", _ends="yes"))
        assert (answer.status, answer.headers["Location"]) == (303, f"{pages.path('review')}?done=registered")
        (one,) = pages.desk.store.registrations(SLUG, None, 9)
        assert one.registration.family_name == "Diallo"
        assert inbound_of(pages.desk, path).resolved

    def test_nothing_is_asked_of_the_staff_that_they_may_leave_out(self, pages: StaffPages) -> None:
        form = a_form_in_text(signature="", organization="")
        path = an_email(pages.desk, f"{form}\nPlease cancel the one of last week.")
        shown = pages.get(f"{path}/form/0").text
        in_notes_and_at_its_field, in_notes = 2, 1
        assert shown.count("Enter the name of your administration or organization.") == in_notes_and_at_its_field
        assert shown.count("Type your name: it stands for your signature.") == in_notes
        assert "Please check" not in shown

    def test_a_wrong_answer_is_said_beside_its_field_and_all_stays(self, pages: StaffPages) -> None:
        path = a_machines_email(pages.desk, a_form_in_text())
        answer = pages.post(f"{path}/form/0", **form_fields(pages, f"{path}/form/0", email="no address", hotel="Epsom"))
        assert answer.status == 422
        assert 'value="no address"' in answer.text
        assert 'value="Epsom"' in answer.text
        assert pages.desk.store.registrations(SLUG, None, 9) == []

    def test_one_of_somebody_registered_is_a_change(self, pages: StaffPages) -> None:
        accepted = register(pages.desk, EVENT, a_registration())
        assert isinstance(accepted, Accepted)
        path = an_email(pages.desk, a_form_in_text(hotel="Hotel Epsom"))
        shown = pages.get(path)
        assert "Hôtel Cornavin" in shown.text
        assert "Hotel Epsom" in shown.text
        fields = form_fields(pages, f"{path}/form/0", hotel="Hotel Epsom")
        answer = pages.post(f"{path}/form/0", **fields)
        assert answer.headers["Location"] == f"{pages.path(path)}?done=changed"
        one = pages.desk.store.registered(SLUG, accepted.id)
        assert one is not None
        assert (one.revision, one.registration.answers["hotel"]) == (2, "Hotel Epsom")
        assert not inbound_of(pages.desk, path).resolved
        assert "Mark as dealt with" in pages.get(path).text

    def test_it_is_answered_by_e_mail(self, pages: StaffPages) -> None:
        path = an_email(pages.desk, Subject="A bus? & a <visa> x")
        (reply,) = re.findall(r'href="(mailto:[^"]*)"', pages.get(path).text)
        address, _, query = unescape(reply).partition("?")
        assert address == "mailto:amina%40example.org"
        assert unquote(query) == "subject=Re: A bus? & a <visa> x"

    def test_its_quotation_of_ours_shows_no_link(self, pages: StaffPages) -> None:
        link = f"https://desk.example.org/register/{SLUG}/own/{'secret' * 20}"
        path = an_email(pages.desk, f"Is there a bus?\n\n> Your registration: {link}")
        assert "secretsecret" not in pages.get(path).text

    @pytest.mark.parametrize("place", ["1", "-1", "x", "99999", "²"])
    def test_it_has_no_form_or_file_at_another_place(self, pages: StaffPages, place: str) -> None:
        path = a_machines_email(pages.desk, a_form_in_text())
        assert pages.get(f"{path}/form/{place}").status == 404
        assert pages.get(f"{path}/files/{place}").status == 404
        assert pages.post(f"{path}/form/{place}").status == 404


class TestAttachments:
    HTML = b"<html><script>alert(1)</script></html>"
    SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'

    def test_one_is_stored_and_never_shown(self, pages: StaffPages) -> None:
        path = an_email(pages.desk, "See the scan.", ("visa.pdf", "application/pdf", A_PDF))
        files = pages.get(f"{path}/files")
        assert f'href="{pages.path(path)}/files/0"' in files.text
        file = pages.get(f"{path}/files/0")
        assert file.text.startswith("%PDF-1.7")
        assert file.headers["Content-Type"] == "application/octet-stream"
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in file.headers["Content-Security-Policy"]
        assert file.headers["Content-Disposition"].startswith('attachment; filename="attachment-1.pdf"')

    @pytest.mark.parametrize(
        ("name", "type", "content"),
        [
            ("form.html", "text/html", HTML),
            ("form.svg", "image/svg+xml", SVG),
            ("form.png", "image/png", SVG),
            ("form.txt", "text/plain", HTML),
            ("form.pdf", "application/pdf", HTML),
        ],
    )
    def test_html_and_svg_are_not_handed_on(self, pages: StaffPages, name: str, type: str, content: bytes) -> None:
        path = an_email(pages.desk, "See the file. Is there a bus?", (name, type, content))
        assert "not handed on" in pages.get(f"{path}/files").text
        answer = pages.get(f"{path}/files/0")
        assert answer.status == 404
        assert "alert(1)" not in answer.text

    @pytest.mark.parametrize(
        "name",
        [
            'a";\r\nSet-Cookie: x=1;\r\n\r\n<script>.pdf',
            "../../etc/passwd.pdf",
            "\u202efdp.exe.pdf",
            "ä" * 300 + ".pdf",
            "a\x00b.pdf",
            f"{EVIL}.pdf",
        ],
    )
    def test_a_name_is_no_header_and_no_markup(self, pages: StaffPages, name: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@example.org", "intgov04@forms.example.org", "Scan"
        message.set_content("See the scan.")
        message.add_attachment(A_PDF, maintype="application", subtype="pdf", filename="NAME")
        encoded = "".join(f"%{byte:02X}" for byte in name.encode())
        raw = bytes(message).replace(b'filename="NAME"', f"filename*=UTF-8''{encoded}".encode())
        inbound = read_in(pages.desk, receive(pages.desk, stored(*raw_post(raw))))
        assert inbound is not None
        path = f"review/inbound/{inbound.id}"
        for page in (path, f"{path}/files"):
            assert "<script>alert" not in pages.get(page).text
            assert "<img" not in pages.get(page).text
        file = pages.get(f"{path}/files/0")
        assert (file.status, "Set-Cookie" in file.headers) == (200, False)
        said = file.headers["Content-Disposition"]
        assert re.fullmatch(r"attachment; filename=\"attachment-1\.pdf\"; filename\*=UTF-8''[\w.%~-]+", said)
        assert not {"/", "\\", "\u202e", "\n", '"'} & set(unquote(said.partition("''")[2]))


def test_whatever_strangers_write_stays_text(pages: StaffPages) -> None:
    evil = a_registration(
        **{name: EVIL for name in ("family_name", "first_name")},
        email='"<b>x"@example.org',
        answers={**a_registration().answers, "organization": EVIL, "hotel": EVIL, "gone": EVIL},
    )
    quarantine(pages.desk, EVENT, evil, BotSignal.TOO_FAST)
    paths = [
        f"review/quarantined/{pages.desk.store.quarantined_waiting(SLUG, EVER, 9)[0].item}",
        a_differing(pages.desk, hotel=EVIL, organization=EVIL),
        an_email(
            pages.desk,
            f"{EVIL}\n\nIs there a bus?",
            Subject=EVIL,
            From='"<i>" <"<u>"@example.org>',
        ),
        a_machines_email(pages.desk, a_form_in_text(hotel=EVIL, organization=EVIL, first_name="<i>")),
    ]
    paths += [f"{paths[3]}/form/0", f"{paths[3]}/files", "review"]
    lost = pages.desk.store.entry(f"{SLUG}.{paths[1].rpartition('/')[2]}.confirmation")
    assert lost is not None
    assert pages.desk.store.save_entry(replace(lost, status=EmailStatus.FAILED, due_at=None, reason=EVIL))
    paths.append(f"review/undelivered/{lost.id}")
    for path in paths:
        answer = pages.get(path)
        assert answer.status == 200
        assert "<img" not in answer.text
        assert "<script>alert" not in answer.text
        assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(.{0,8})", answer.text)
        for tag in ("<b>x", "<i>", "<u>"):
            assert tag not in answer.text
    assert any("&lt;script&gt;alert" in pages.get(path).text for path in paths)


def test_a_long_queue_is_shown_in_part(pages: StaffPages) -> None:
    for number in range(27):
        a_quarantined(pages.desk, first_name=f"Robot {number}")
    page = pages.get("review").text
    assert page.count("/review/quarantined/") == 25
    assert "Show more" in page
    assert pages.get("review/quarantined").text.count("/review/quarantined/") == 27
