"""Who sent a message, when it came, and whether it is a person's."""

from datetime import UTC, datetime
from email.header import Header

import pytest

from rollcall.inbound.mime import File, Headers, headers_of
from rollcall.inbound.sender import arrived_at, automatic, from_addresses, is_spam, language_of, unproven
from rollcall.inbound.webhook import Post, open_post
from rollcall.model.inbound import MachineSign, Reason, ReviewReason
from tests.support.inbound import raw_post, stored

# As SendGrid has written it: in 2016 (anymail's tests and others), and in 2024, shortened
BY_2016 = "Received: by mx0047p1mdw1.sendgrid.net with SMTP id 6WCVv7KAWn Wed, 27 Jul 2016 20:53:06 +0000 (UTC)"
FROM_2016 = (
    "Received: from mail.example.org (mail.example.org [1.2.3.4])\r\n\tby mx0047p1mdw1.sendgrid.net (Postfix) "
    "with ESMTPS id 7C0A2A80B7F for <x@y.org>; Wed, 27 Jul 2016 20:53:04 +0000 (UTC)"
)
FROM_2024 = (
    "Received: from arrow.example.org (mxd [192.0.2.250]) by mx.sendgrid.net with ESMTP id OQlNOcDaTbObEGoA0LmNRw "
    "for <test@forms.example.org>; Fri, 15 Mar 2024 18:44:40.663 +0000 (UTC)"
)
FORGED = "Received: from a (a [1.2.3.4]) by mx.sendgrid.net with ESMTP; Thu, 1 Jan 2004 00:00:00 +0000 (UTC)"
SENDERS_OWN = "Received: from [10.0.0.1] by arrow.example.org (Exim 4.96.2); Fri, 15 Mar 2024 15:44:31 -0300"
FROM = "From: Amina <amina@mpt.example.org>"


def headers(*lines: str) -> Headers:
    block = "\r\n".join((*lines, "", "")).encode()
    return headers_of(block, 0, len(block))[0]


class TestFromAddresses:
    @pytest.mark.parametrize(
        ("value", "addresses"),
        [
            ("amina@x.org", ("amina@x.org",)),
            ("Amina Diallo <amina@x.org>", ("amina@x.org",)),
            ('"Diallo, Amina <a@b.org>" <amina@x.org>', ("amina@x.org",)),
            ("Diallo, Amina <amina@x.org>", ("amina@x.org",)),
            ("amina@x.org (Amina (the first))", ("amina@x.org",)),
            ("=?utf-8?q?D=2C_A_=3Ca=40b=2Eorg=3E?= <amina@x.org>", ("amina@x.org",)),
            ("=?utf-8?q?Amina_=3Camina=40x=2Eorg=3E?=", ("amina@x.org",)),
            ("'amina@x.org' <Amina@X.org>", ("Amina@X.org",)),
            ("amina@x.org <other@y.org>", ("amina@x.org", "other@y.org")),
            ("a@x.org, b@y.org", ("a@x.org", "b@y.org")),
            ("Focal points: a@x.org, b@y.org;", ("a@x.org", "b@y.org")),
            ("Amïna <amïna@exämple.org>", ("amïna@exämple.org",)),
            ("undisclosed-recipients:;", ()),
            ("Amina", ()),
            ("<>", ()),
            ("a\x07@x.org", ()),
            ("a" * 400 + "@x.org", ()),
            ("(" * 8000, ()),
            ("<" * 8000, ()),
            ("(c):", ()),
        ],
    )
    def test_of(self, value: str, addresses: tuple[str, ...]) -> None:
        assert from_addresses(headers(f"From: {value}")) == addresses

    def test_of_very_long_fields(self) -> None:
        """The library's time grows with the square of their length."""
        assert from_addresses(headers(*["From: " + '"' * 8000] * 30, FROM)) == ()

    def test_of_two_fields(self) -> None:
        assert from_addresses(headers("From: a@x.org", "From: b@x.org")) == ("a@x.org", "b@x.org")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (["Accept-Language: fr-FR, en-US", "Content-Language: fr-FR"], "fr"),  # as Outlook does
        (["Accept-Language: en-US, ru-RU", "Content-Language: ru"], "ru"),
        (["Accept-Language: th-TH, zh-Hans-CN;q=0.8"], "zh"),
        (["Content-Language: th-TH"], ""),
        ([], ""),
    ],
)
def test_the_senders_program_names_the_language(said: list[str], code: str) -> None:
    assert language_of(headers(FROM, *said)) == code


class TestCameAt:
    @pytest.mark.parametrize(
        ("received", "at"),
        [
            ([BY_2016, FROM_2016], datetime(2016, 7, 27, 20, 53, 4, tzinfo=UTC)),
            ([BY_2016], datetime(2016, 7, 27, 20, 53, 6, tzinfo=UTC)),
            ([FROM_2024, "DKIM-Signature: v=1", SENDERS_OWN], datetime(2024, 3, 15, 18, 44, 40, tzinfo=UTC)),
            ([FROM_2024.replace("+0000 (UTC)", "-0300")], datetime(2024, 3, 15, 21, 44, 40, tzinfo=UTC)),
            ([FROM_2024.replace("+0000", "-0000")], datetime(2024, 3, 15, 18, 44, 40, tzinfo=UTC)),
            ([FROM_2024.replace("by mx.sendgrid", "BY sendgrid")], datetime(2024, 3, 15, 18, 44, 40, tzinfo=UTC)),
        ],
    )
    def test_is_when_sendgrid_received_it(self, received: list[str], at: datetime) -> None:
        assert arrived_at(headers(*received, FROM)) == at

    @pytest.mark.parametrize("below", [[FORGED], [SENDERS_OWN, FORGED], [SENDERS_OWN, BY_2016]])
    def test_is_not_what_the_sender_wrote_below(self, below: list[str]) -> None:
        assert arrived_at(headers(FROM_2024, *below)) == datetime(2024, 3, 15, 18, 44, 40, tzinfo=UTC)

    @pytest.mark.parametrize(
        "received",
        [
            [],
            [SENDERS_OWN, FROM_2024],
            [FROM_2024.replace("mx.sendgrid.net", "mx.sendgrid.net.example.org")],
            [FROM_2024.replace("mx.sendgrid.net", "mxsendgrid.net")],
            [FROM_2024.replace("15 Mar 2024", "35 Mar 2024")],
            [FROM_2024.replace("15 Mar 2024", "15 Xyz 2024")],
            [FROM_2024.replace("15 Mar 2024", "31 Dec 9999").replace("+0000", "-2300")],
            ["Received: from mail.example.org by mx987654321.sendgrid.net ..."],
            ["Received:"],
        ],
    )
    def test_is_unknown(self, received: list[str]) -> None:
        assert arrived_at(headers(*received, FROM)) is None


class TestAutomatic:
    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("Auto-Submitted: auto-replied", MachineSign.AUTO_SUBMITTED),
            ("Subject: Automatic reply: Registration", MachineSign.ABSENCE_NOTE),
            ("Subject: =?utf-8?Q?R=C3=A9ponse_automatique_=3A_votre_message?=", MachineSign.ABSENCE_NOTE),
            ("Subject: Abwesenheitsnotiz: Re: Registration", MachineSign.ABSENCE_NOTE),
            ("Subject: Out of office reply: x", MachineSign.ABSENCE_NOTE),
            ("auto-submitted: Auto-Generated; owner-email=x@y.org", MachineSign.AUTO_SUBMITTED),
            ("Auto-Submitted: (no) auto-notified (x)", MachineSign.AUTO_SUBMITTED),
            ("Precedence: bulk", MachineSign.PRECEDENCE),
            ("Precedence: LIST", MachineSign.PRECEDENCE),
            ("Precedence: junk", MachineSign.PRECEDENCE),
            ("List-Id: Delegates <delegates.example.org>", MachineSign.LIST_ID),
            ("List-Unsubscribe: <mailto:x@y.org>", MachineSign.LIST_UNSUBSCRIBE),
            ("List-Post: <mailto:x@y.org>", MachineSign.LIST_POST),
            ("X-Autoreply: yes", MachineSign.AUTOREPLY),
            ("X-Autorespond: away", MachineSign.AUTOREPLY),
            ("X-Auto-Reply-From: x@y.org", MachineSign.AUTOREPLY),
            ("X-Mail-Autoreply: yes", MachineSign.AUTOREPLY),
            ("Mailing-List: contact delegates-help@example.org", MachineSign.MAILING_LIST),
            ("Return-Path: <>", MachineSign.NULL_SENDER),
            ("From: no-reply@mpt.example.org", MachineSign.MAIL_SYSTEM),
            ("From: Forms <NoReply@mpt.example.org>", MachineSign.MAIL_SYSTEM),
            ("From: do-not-reply@mpt.example.org", MachineSign.MAIL_SYSTEM),
            ("From: forms.donotreply@mpt.example.org", MachineSign.MAIL_SYSTEM),
            ("From: noreply+forms@mpt.example.org", MachineSign.MAIL_SYSTEM),
            ("From: ne-pas-repondre@mpt.example.org", MachineSign.MAIL_SYSTEM),
            ("From: bounces+123-abc@mpt.example.org", MachineSign.MAIL_SYSTEM),
            ("Content-Type: multipart/report; report-type=disposition-notification", MachineSign.REPORT),
            ("From: MAILER-DAEMON@mx.example.org", MachineSign.MAIL_SYSTEM),
            ("From: Mail Delivery <postmaster@mx.example.org>", MachineSign.MAIL_SYSTEM),
        ],
    )
    def test_a_machine_s(self, line: str, why: MachineSign) -> None:
        assert automatic(Post(), headers(line, FROM)) == why

    @pytest.mark.parametrize(
        "subject",
        [
            "Automatic reply: Registration",
            "[External] Automatic reply: Registration",
            "Réponse automatique : Registration",
            "Automatische Antwort: Registration",
            "Respuesta automática: Registration",
            "Resposta automática: Registration",
            "Risposta automatica: Registration",
            "Automatisch antwoord: Registration",
            "Автоматический ответ: Registration",
            "Автоответ: Registration",
            "自动答复: Registration",
            "自动回复：Registration",
            "自動回覆: Registration",
            "自動応答: Registration",
            "自動返信: Registration",
            "자동 회신: Registration",
            "Odpowiedź automatyczna: Registration",
            "Otomatik yanıt: Registration",
            "رد تلقائي: Registration",
            "رد آلي: Registration",
            "Auto-réponse : Registration",
            "Autorespuesta: Registration",
            "自动应答：Registration",
            "Autosvar: Registration",
            "Automatisk svar: Registration",
            "Automaattinen vastaus: Registration",
            "Automatická odpověď: Registration",
            "Automatikus válasz: Registration",
            "Αυτόματη απάντηση: Registration",
            "Автоматична відповідь: Registration",
            "Out of office",
            "Out of Office - back on Monday",
            "Amina Diallo is out of the office",
            "AUTO: Amina Diallo is out of the office (returning 02/12/2004)",
            "Amina Fatoumata Diallo-Camara est absente du bureau",
            "Abwesenheitsnotiz",
            "Abwesend: Registration",
            "Afwezigheidsbericht: Registration",
            "Fuera de la oficina: Registration",
            "Fora do escritório: Registration",
            "Fuori ufficio: Registration",
            "Вне офиса: Registration",
            "В отпуске: Registration",
            "不在办公室：Registration",
            "خارج المكتب: Registration",
            "Прочитано: Registration",
            "Absente du bureau",
            "Message d’absence : Registration",
            "En vacances : Registration",
            "Aviso de ausencia: Registration",
            "Нахожусь в отпуске",
            "Уведомление об отсутствии: Registration",
            "我不在办公室",
            "غير موجود في المكتب",
            "Non lu : Registration",
            "No leído: Registration",
            "Не прочтено: Registration",
            "未读: Registration",
            "غير مقروءة: Registration",
            "不在通知：Registration",
            "不在のお知らせ: Registration",
            "Poza biurem: Registration",
            "Frånvaro: Registration",
        ],
    )
    def test_a_note_of_absence_in_any_language(self, subject: str) -> None:
        encoded = Header(subject, "utf-8").encode()
        assert automatic(Post(), headers(f"Subject: {encoded}", FROM)) is MachineSign.ABSENCE_NOTE

    @pytest.mark.parametrize(
        ("content", "type", "sign"),
        [
            (b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n", "text/calendar", MachineSign.CALENDAR_ANSWER),
            (b"BEGIN:VCALENDAR\nmethod;X=1:reply\n", "application/ics", MachineSign.CALENDAR_ANSWER),
            (b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n", "text/calendar", None),
            (b"METHOD:REPLY", "text/plain", None),
            (b"Disposition: automatic-action/MDN-sent-automatically; displayed", "message/disposition-notification",
             MachineSign.REPORT),
        ],
    )  # fmt: skip
    def test_what_programs_attach(self, content: bytes, type: str, sign: MachineSign | None) -> None:
        assert automatic(Post(), headers(FROM), [File("", type, content)]) == sign

    @pytest.mark.parametrize("sender", ["", "<>"])
    def test_the_null_sender_is_a_machine(self, sender: str) -> None:
        assert automatic(open_post(stored(*raw_post(b"From: a@x.org\r\n\r\n", sender=sender))), headers(FROM))

    @pytest.mark.parametrize(
        "line",
        [
            "Auto-Submitted: no",
            "Auto-Submitted: No (sent by hand); x=y",
            "Auto-Submitted:",
            "Precedence: first-class",
            "List-Post: NO",
            "X-Auto-Response-Suppress: DR, OOF, AutoReply",
            "X-Auto-Response-Suppress: All",
            "Feedback-ID: 1:2:3",
            "X-Autoreply: no",
            "Subject: Automatic reply? No",
            "Subject: Re: Automatic reply: I am here now",
            "Subject: Out of office hours, so by e-mail",
            "Subject: Automation workshop: my response",
            "Subject: Response to the automatic reminder that you sent me: form",
            "Subject: Absence of my signature: what now",
            "From: noreen.plyer@mpt.example.org",
            "From: reply@mpt.example.org",
            "Mailing-List: no",
            "Content-Type: multipart/mixed",
            "Cc: mailer-daemon@x.org",
        ],
    )
    def test_a_person_s(self, line: str) -> None:
        post = open_post(stored(*raw_post(b"From: amina@mpt.example.org\r\n\r\n")))
        assert automatic(post, headers(line, FROM)) is None

    def test_no_envelope_is_not_a_null_sender(self) -> None:
        assert automatic(Post(), headers(FROM)) is None


def spf_says(outcome: str) -> Reason:
    return Reason(ReviewReason.SPF_NOT_PASSED, {"outcome": outcome})


DISAGREE = Reason(ReviewReason.FROM_NOT_ALIGNED)


class TestUnproven:
    @pytest.mark.parametrize(
        ("envelope", "spf", "dkim", "why"),
        [
            # proven
            ("amina@mpt.example.org", "pass", "none", None),
            ("amina@MPT.Example.ORG", "pass", "none", None),
            ("bounces@em.mpt.example.org", "pass", "none", None),
            ("amina@example.org", "pass", "none", None),
            ("bounce@mailer.example.com", "pass", "{@mpt.example.org : pass}", None),
            ("bounce@mailer.example.com", "fail", "{@mailer.example.com : fail, @example.org : pass}", None),
            ("amina@mpt.example.org", "pass", "{@mpt.example.org : fail}", None),
            # nothing speaks against it
            ("amina@mpt.example.org", "none", "none", None),
            ("amina@mpt.example.org", "neutral", "{@other.example.com : pass}", None),
            ("amina@mpt.example.org", "", "", None),
            # not so
            ("x@elsewhere.example.com", "pass", "none", DISAGREE),
            ("x@elsewhere.example.com", "none", "none", DISAGREE),
            ("x@elsewhere.example.com", "pass", "{@elsewhere.example.com : pass}", DISAGREE),
            ("x@notmpt.example.org", "pass", "none", DISAGREE),
            ("x@org", "pass", "{@org : pass}", DISAGREE),
            ("", "pass", "none", DISAGREE),
            ("amina@mpt.example.org", "fail", "none", spf_says("fail")),
            (
                "amina@mpt.example.org",
                "softfail",
                "{@mpt.example.org : fail}",
                spf_says("softfail"),
            ),
            (
                "amina@mpt.example.org",
                "permerror",
                "none",
                spf_says("permerror"),
            ),
            ("amina@mpt.example.org", "none", "{@mpt.example.org : fail}", Reason(ReviewReason.DKIM_FAILED)),
        ],
    )
    def test_by_envelope_spf_and_dkim(self, envelope: str, spf: str, dkim: str, why: Reason | None) -> None:
        post = open_post(stored(*raw_post(b"", sender=envelope, spf=spf, dkim=dkim)))
        assert unproven(post, headers(FROM)) == why

    @pytest.mark.parametrize(
        ("lines", "why"),
        [
            ([], Reason(ReviewReason.NO_FROM)),
            (["From: nobody"], Reason(ReviewReason.NO_FROM)),
            ([FROM, "From: other@mpt.example.org"], Reason(ReviewReason.SEVERAL_FROM)),
            (["From: amina@mpt.example.org, evil@example.com"], Reason(ReviewReason.SEVERAL_FROM)),
            (["From: evil@example.com <amina@mpt.example.org>"], Reason(ReviewReason.SEVERAL_FROM)),
        ],
    )
    def test_by_from(self, lines: list[str], why: Reason) -> None:
        """Whatever else is proven: of several addresses nobody knows which one it is that is."""
        post = open_post(stored(*raw_post(b"", sender="amina@mpt.example.org", dkim="{@mpt.example.org : pass}")))
        assert unproven(post, headers(*lines)) == why

    def test_a_signature_that_reads_like_its_own_outcome_proves_nothing(self) -> None:
        """SendGrid writes the signature's `i=` into the field: here `@mpt.example.org : pass, @x.example.com`."""
        dkim = "{@mpt.example.org : pass, @x.example.com : pass}"
        post = open_post(stored(*raw_post(b"", sender="x@example.com", dkim=dkim)))
        signature = "DKIM-Signature: v=1; d=example.com; i=@mpt.example.org : pass, @x.example.com; b=x"
        assert unproven(post, headers(signature, FROM)) == DISAGREE

    def test_no_envelope_proves_nothing(self) -> None:
        assert unproven(Post({"SPF": b"pass"}), headers(FROM)) == DISAGREE

    def test_a_post_with_fields_of_the_sender_s_own_proves_nothing(self) -> None:
        forged = b'\r\n--xYzZY\r\nContent-Disposition: form-data; name="SPF"\r\n\r\npass\r\n--xYzZY--\r\n'
        post = open_post(stored(*raw_post(FROM.encode() + b"\r\n\r\n" + forged, spf="fail")))
        assert unproven(post, headers(FROM)) == Reason(ReviewReason.TAMPERED_POST)


@pytest.mark.parametrize(
    ("score", "spam"), [("4.9", False), ("5", True), ("5.0", True), ("12.3", True), (None, False), ("nan", False)]
)
def test_spam(score: str | None, spam: bool) -> None:
    assert is_spam(open_post(stored(*raw_post(b"", spam_score=score)))) is spam
