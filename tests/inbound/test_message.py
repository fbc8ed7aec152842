"""A message taken apart, well-formed or not."""

import base64
import binascii
import tracemalloc
from email.message import EmailMessage

import pytest

from rollcall.inbound.message import DEEPEST, LONGEST_NAME, MOST_PARTS, message_of, take_apart
from rollcall.inbound.mime import LONGEST_HEADERS, LONGEST_PARAMETER, File, Parts, decoded, parameter
from rollcall.inbound.webhook import open_post
from rollcall.model.inbound import Doubt
from tests.support.inbound import parsed_post, stored

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = b"%PDF-1.4\n\x00\xff"


def mime(*lines: str | bytes) -> bytes:
    return b"\r\n".join(line.encode() if isinstance(line, str) else line for line in lines)


def parts_of(*lines: str | bytes) -> Parts:
    return take_apart(mime(*lines)).parts


def text_in(*lines: str | bytes) -> str:
    (text,) = parts_of(*lines).plain
    return text


def file_in(*headers: str | bytes, content: str | bytes = b"x") -> File:
    """The file of a message that is a multipart with one part, of these header fields and this content."""
    (file,) = parts_of('Content-Type: multipart/mixed; boundary="b"', "", "--b", *headers, "", content, "--b--").files
    return file


class TestWhole:
    def test_a_message_as_programs_write_it(self) -> None:
        message = EmailMessage()
        message["From"] = "Amina Diallo <amina@mpt.example.org>"
        message["Subject"] = "Formulaire d’inscription"
        message.set_content("Nom : Diallo\nPrénom : Amina\n")
        message.add_alternative("<p>Nom : Diallo <img src='cid:logo@1'></p>", subtype="html")
        html = message.get_payload(1)
        assert isinstance(html, EmailMessage)
        html.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo@1>", filename="logo.png")
        message.add_attachment(PDF, maintype="application", subtype="pdf", filename="größe № 1.pdf")
        taken = take_apart(bytes(message))
        assert decoded(taken.headers.first("subject")) == "Formulaire d’inscription"
        assert taken.parts == Parts(
            plain=("Nom : Diallo\nPrénom : Amina\n",),
            html=("<p>Nom : Diallo <img src='cid:logo@1'></p>\n",),
            files=(
                File("logo.png", "image/png", b"\x89PNG", inline=True),
                File("größe № 1.pdf", "application/pdf", PDF),
            ),
        )

    def test_27_attachments(self) -> None:
        message = EmailMessage()
        message.set_content("see attached")
        for number in range(27):
            message.add_attachment(PDF, maintype="application", subtype="pdf", filename=f"{number}.pdf")
        assert [file.name for file in take_apart(bytes(message)).parts.files] == [f"{n}.pdf" for n in range(27)]

    def test_nothing_is_nothing(self) -> None:
        assert take_apart(b"").parts == Parts()

    def test_what_has_no_header_is_text(self) -> None:
        assert text_in("Family name: Diallo", "First name: Amina") == "Family name: Diallo\nFirst name: Amina"

    def test_empty_lines_before_the_header_are_passed_over(self) -> None:
        taken = take_apart(b"\r\n\r\nSubject: x\r\n\r\ntext")
        assert taken.headers.first("subject") == "x"
        assert taken.parts.plain == ("text",)

    def test_old_line_ends(self) -> None:
        assert take_apart(b"Subject: x\n\na\rb\nc\r\nd").parts.plain == ("a\nb\nc\nd",)


class TestHeaders:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("=?iso-8859-1?Q?se_firm=F3?=", "se firmó"),
            (
                "=?iso-8859-1?Q?rechaz=F3_=28Firma_Con?=\r\n\t=?iso-8859-1?Q?trato_24=29?=",
                "rechazó (Firma Contrato 24)",
            ),
            ("=?utf-8?B?w6k?=", "é"),
            ("=?UTF-8?B?5pel?= =?UTF-8?B?5pys?=", "日本"),
            ("=?utf-8?b?5pc=?= =?utf-8?b?pQ==?=", "日"),  # one character in two words, as some programs split it
            ("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"),
            ("=?cp850?q?pidi=A2?=", "pidió"),
            ("=?koi8-r*ru?q?=E6?=", "Ф"),
            ("=?x-unknown?q?caf=E9?=", "café"),
            ("=?utf-8?q?caf=E9?=", "café"),
            ("Re: =?utf-8?q?caf=C3=A9?= (2)", "Re: café (2)"),
            ("日本 =?utf-8?q?caf=C3=A9?= C:\\users", "日本 café C:\\users"),
            ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
            ("=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
            ("=?utf-8?q?a=00b?=", "ab"),
            ("=?idna?q?a=2Eb=FF?=", "a.bÿ"),
            ("folded\r\n  twice\r\n\tand more", "folded twice and more"),
        ],
    )
    def test_encoded_words(self, written: str, meant: str) -> None:
        assert decoded(written) == meant

    @pytest.mark.parametrize(
        "line",
        [
            b"Subject: caf\xc3\xa9",
            b"Subject: caf\xe9",
            b"SUBJECT :caf\xe9",
            b":\r\nSubject:caf\xe9",
            b"Subject: \r\n caf\xe9",
        ],
    )
    def test_a_header_as_bytes_not_allowed_there(self, line: bytes) -> None:
        assert decoded(take_apart(line + b"\r\n\r\ntext").headers.first("subject")) == "café"

    def test_a_line_that_is_no_header_begins_the_text(self) -> None:
        taken = take_apart(b"Subject: x\r\nFamily name: Diallo\r\n\r\nFirst name: Amina")
        assert taken.headers.fields == (("subject", "x"),)
        assert taken.parts.plain == ("Family name: Diallo\n\nFirst name: Amina",)

    def test_huge_headers(self) -> None:
        taken = take_apart(b"Subject: x\r\n" + b"X-Filler: y\r\n" * 200_000 + b"\r\ntext")
        assert taken.headers.first("subject") == "x"
        assert taken.parts.plain == ("text",)

    def test_a_folded_header_of_carriage_returns(self) -> None:
        """Each was tried anew: 40,000 took 11 seconds, these would take an hour."""
        taken = take_apart(b"Subject: x\r\nX: " + b"\r" * 200_000 + b"\n y\r\nTo: z\r\n\r\n")
        assert [name for name, _ in taken.headers.fields] == ["subject", "x", "to"]

    def test_a_mailbox_line_before_the_header(self) -> None:
        assert take_apart(b"From a@b Thu Feb 5 2004\r\nSubject: x\r\n\r\n").headers.first("subject") == "x"


class TestCharsets:
    @pytest.mark.parametrize(
        ("charset", "content", "text"),
        [
            ("utf-8", "é".encode(), "é"),
            ("utf8", "é".encode(), "é"),
            ('"utf-8"', "é".encode(), "é"),
            ("us-ascii", b"\x93x\x94 \x80", "“x” €"),
            ("iso-8859-1", b"\x93x\x94 \xe9", "“x” é"),
            ("windows-1252", "é".encode(), "é"),  # mislabelled
            ("utf-8", b"caf\xe9", "café"),  # mislabelled
            ("", b"caf\xe9", "café"),
            ("x-unknown", b"caf\xe9", "café"),
            ("unknown-8bit", "é".encode(), "é"),
            ("cp-850", b"caf\x82", "café"),
            ("cp850", b"caf\x82", "café"),
            ("ibm850", b"caf\x82", "café"),
            ("iso-2022-jp", "日本ｱ".encode("iso2022_jp_ext"), "日本ｱ"),
            ("x-sjis", "日本①".encode("cp932"), "日本①"),
            ("x-euc-jp", "日本".encode("euc_jp"), "日本"),
            ("gb2312", "中文镕".encode("gb18030"), "中文镕"),
            ("big5", "中文".encode("big5"), "中文"),
            ("ks_c_5601-1987", "한국똠".encode("cp949"), "한국똠"),
            ("iso-8859-8-i", "שלום".encode("iso8859_8"), "שלום"),
            ("macintosh", b"caf\x8e", "café"),
            ("koi8-r", "Фамилия".encode("koi8-r"), "Фамилия"),
            ("windows-1256", "الاسم".encode("cp1256"), "الاسم"),
            ("Windows 1251", "Фамилия".encode("cp1251"), "Фамилия"),
            ("utf-16", "é x".encode("utf-16"), "é x"),
            ("utf-16", b"called so", "called so"),
            ("utf-16le", b"called so!", "called so!"),
            ("utf-7", b"caf+AOk-", "café"),
            ("utf-7", b"a+2AA-b", "ab"),  # a lone surrogate
            ("utf-8", b"\xef\xbb\xbfx", "x"),
            ("utf-8", b"a\0b", "ab"),
            ("utf-8", "Ministère é à ü des Postes et Télécommunications ".encode() * 3 + b"\xff", None),
            ("punycode", b"x-\xe9", "x-é"),
            ("zip", b"x\xe9", "xé"),
            ("unicode_escape", b"\\u00e9\xe9", "\\u00e9é"),
            ("../../etc", b"x\xe9", "xé"),
            ("%s\x01" * 100, b"x\xe9", "xé"),
        ],
    )
    def test_a_text_in_it(self, charset: str, content: bytes, text: str | None) -> None:
        expected = content.decode("utf-8", "replace") if text is None else text
        assert text_in(f"Content-Type: text/plain; charset={charset}", "", content) == expected

    @pytest.mark.parametrize(
        ("charset", "content", "doubted"),
        [
            ("utf-8", "Dvořák".encode(), False),
            ("windows-1250", "Dvořák".encode("cp1250"), False),
            ("", "Dvořák".encode("cp1250"), True),
            ("us-ascii", "Dvořák".encode("cp1250"), True),
            ("x-unknown", "Фамилия".encode("koi8-r"), True),
            ("utf-8", "Фамилия".encode("koi8-r"), True),
            ("", "Müller".encode("latin-1"), False),
        ],
    )
    def test_a_charset_that_nobody_declares_is_a_guess(self, charset: str, content: bytes, doubted: bool) -> None:
        parts = parts_of(f"Content-Type: text/plain; charset={charset}", "", content)
        assert (Doubt.CHARSET_GUESSED in parts.doubts) == doubted
        parsed = message_of(open_post(stored(*parsed_post(b"", text=content, charsets={"text": charset})))).parts
        assert (Doubt.CHARSET_GUESSED in parsed.doubts) == doubted

    def test_a_charset_that_only_the_html_declares(self) -> None:
        html = '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">Фамилия'
        assert parts_of("Content-Type: text/html", "", html.encode("koi8-r")).html == (html,)

    @pytest.mark.parametrize("parameter", ["charset*=us-ascii''utf-8", "charset*0=utf;charset*1=-8", "charset*", "="])
    def test_a_charset_written_oddly(self, parameter: str) -> None:
        """get_payload raised TypeError (https://github.com/python/cpython/issues/80361), the new parser IndexError
        (https://github.com/python/cpython/issues/151857)."""
        assert text_in(f"Content-Type: text/plain; {parameter}", "", "é") == "é"


class TestTransferEncodings:
    def encoded(self, encoding: str, content: str | bytes) -> str:
        return text_in("Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}", "", content)

    @pytest.mark.parametrize("encoding", ["quoted-printable", " Quoted-Printable;", '"quoted-printable"'])
    def test_quoted_printable(self, encoding: str) -> None:
        assert self.encoded(encoding, "caf=C3=A9=\r\n, a=3Db\r\n=ZZ =") == "café, a=b\n=ZZ "

    @pytest.mark.parametrize("encoding", ["base64", "BASE64", "base64 (by hand)"])
    def test_base64(self, encoding: str) -> None:
        assert self.encoded(encoding, base64.encodebytes(("é" * 100).encode())) == "é" * 100

    @pytest.mark.parametrize(
        "damaged", ["Y2Fmw6kgYQ", "Y2Fm\0w6kg\r\n!YQ=", "Y2Fmw6kgYQ==\r\n-- \r\nlist of forms", "Y2Fmw6kgYWb"]
    )
    def test_base64_that_is_damaged_gives_what_it_can(self, damaged: str) -> None:
        assert self.encoded("base64", damaged).startswith("café a")

    @pytest.mark.parametrize("encoding", ["8bit", "binary", "", "utf-8", "x-unheard-of", "é", "\x00"])
    def test_others_are_as_they_stand(self, encoding: str) -> None:
        assert self.encoded(encoding, "café =3D") == "café =3D"


class TestMultiparts:
    def test_a_boundary_within_another(self) -> None:
        parts = parts_of(
            "Content-Type: multipart/mixed; boundary=b", "", "--b",
            "Content-Type: multipart/alternative; boundary=bb", "",
            "--bb", "", "inner", "--bb--", "--b", "", "outer", "--b--", "epilogue",
        )  # fmt: skip
        assert parts.plain == ("inner\nouter",)

    def test_a_boundary_stands_at_the_beginning_of_a_line_and_alone(self) -> None:
        text = "a --b\n--bc\n--b-\n --b"
        assert text_in("Content-Type: multipart/mixed; boundary=b", "", "--b", "", text, "--b--") == text

    def test_no_last_boundary(self) -> None:
        assert text_in("Content-Type: multipart/mixed; boundary=b", "", "--b", "", "text", "") == "text\n"

    @pytest.mark.parametrize("declared", ["", "; boundary=", "; boundary=other", '; boundary="'])
    def test_a_boundary_that_is_not_the_declared_one(self, declared: str) -> None:
        parts = parts_of(
            f"Content-Type: multipart/mixed{declared}", "", "--real", "Content-Type: text/plain", "", "text",
            "--real", "Content-Type: application/pdf", "", PDF, "--real--",
        )  # fmt: skip
        assert parts == Parts(plain=("text",), files=(File("", "application/pdf", PDF),))

    def test_a_multipart_that_has_no_parts_is_text(self) -> None:
        assert text_in("Content-Type: multipart/mixed; boundary=b", "", "Family name: Diallo") == "Family name: Diallo"

    def test_a_message_that_lost_its_content_type(self) -> None:
        assert text_in("Subject: x", "", "--b", "Content-Type: text/plain", "", "text", "--b--") == "text"

    def test_a_multipart_that_is_encoded(self) -> None:
        inside = base64.encodebytes(b"--b\r\n\r\ntext\r\n--b--")
        assert (
            text_in("Content-Type: multipart/mixed; boundary=b", "Content-Transfer-Encoding: base64", "", inside)
            == "text"
        )

    def test_a_multipart_that_is_called_encoded_and_is_not(self) -> None:
        headers = ("Content-Type: multipart/mixed; boundary=b", "Content-Transfer-Encoding: quoted-printable")
        assert text_in(*headers, "", "--b", "", "a=3Db", "--b--") == "a=3Db"

    def test_a_report_is_files_and_the_message_within(self) -> None:
        parts = parts_of(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "", "--b", "", "Bounced.", "--b",
            "Content-Type: message/delivery-status", "", "Action: failed", "--b",
            "Content-Type: message/rfc822", "", "Subject: x", "", "original", "--b--",
        )  # fmt: skip
        assert parts.plain == ("Bounced.",)
        assert [file.type for file in parts.files] == ["message/delivery-status"]
        assert parts.within == (Parts(plain=("original",)),)

    def test_a_digest_is_messages(self) -> None:
        parts = parts_of("Content-Type: multipart/digest; boundary=b", "", "--b", "", "Subject: x", "", "text", "--b--")
        assert parts.within == (Parts(plain=("text",)),)

    @pytest.mark.parametrize("encode", [base64.encodebytes, lambda content: binascii.b2a_qp(content)])
    def test_a_message_within_that_is_encoded(self, encode: object) -> None:
        encoding = "base64" if encode is base64.encodebytes else "quoted-printable"
        inside = encode(b"Subject: x\r\n\r\na =3D text\r\n")  # type: ignore[operator]
        parts = parts_of("Content-Type: message/rfc822", f"Content-Transfer-Encoding: {encoding}", "", inside)
        assert parts.within == (Parts(plain=("a =3D text\n",)),)

    def test_a_message_that_is_attached_as_a_mere_file(self) -> None:
        headers = ('Content-Type: application/octet-stream; name="form.eml"', "Content-Disposition: attachment")
        assert parts_of(*headers, "", "Subject: x", "", "text").within == (Parts(plain=("text",)),)

    def test_what_lies_too_deep_stays_as_it_is(self) -> None:
        nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))
        (text,) = take_apart(nested).parts.plain
        assert f"boundary=b{DEEPEST + 1}" in text

    def test_messages_within_messages_too(self) -> None:
        parts = take_apart(b"Content-Type: message/rfc822\r\n\r\n" * 5000).parts
        depth = 0
        while parts.within:
            depth, (parts,) = depth + 1, parts.within
        assert depth == DEEPEST

    def test_encoded_messages_within_messages_sooner(self) -> None:
        """What each is decoded to is held beside what it was."""
        message = b"text"
        for _ in range(10):
            head = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            message = head + base64.encodebytes(message)
        parts, depth = take_apart(message).parts, 0
        while parts.within:
            depth, (parts,) = depth + 1, parts.within
        assert depth == 4

    def test_parts_are_counted_through_all_levels(self) -> None:
        part = b"--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
        part += b"--c\r\n\r\nx\r\n" * 400
        parts = take_apart(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 400).parts
        assert sum(text.count("x") for one in parts.within for text in one.plain) + len(parts.within) == MOST_PARTS


def test_a_parameter_that_never_closes() -> None:
    """100 of 8 kB took half a minute."""
    assert parameter('text/plain; a="' + ";" * 1_000_000 + "; charset=utf-8", "charset") == "utf-8"
    assert parameter("text/plain" + ';a="' * 300_000, "charset") == ""


class TestFiles:
    @pytest.mark.parametrize(
        ("disposition", "name"),
        [
            ('attachment; filename="form.pdf"', "form.pdf"),
            ("attachment; filename=form.pdf", "form.pdf"),
            ("attachment; filename*=UTF-8''r%C3%A9ponse.pdf", "réponse.pdf"),
            ("attachment; filename*0*=UTF-8''r%C3%A9p; filename*1=\"onse\"; filename*2=.pdf", "réponse.pdf"),
            ("attachment; filename*0*=UTF-8''r%C3; filename*1*=%A9p.pdf", "rép.pdf"),
            ('attachment; filename="=?utf-8?q?r=C3=A9ponse=2Epdf?="', "réponse.pdf"),
            ("attachment; filename==?iso-8859-1?q?r=E9ponse.pdf?=", "réponse.pdf"),
            ('attachment; filename="C:\\Users\\Amina\\form.pdf"', "form.pdf"),
            ('attachment; filename="../../etc/form.pdf"', "form.pdf"),
            ('attachment; filename="a\x07\x1b[1mb\u202efdp.pdf"', "a[1mbfdp.pdf"),
            ("attachment; filename*=nonsense'x'%ff.pdf", "ÿ.pdf"),
            ("attachment; filename*=%ff.pdf", "ÿ.pdf"),
            ("attachment; filename*x*=1; filename=form.pdf", "form.pdf"),
            ("attachment; filename*", ""),
            ("attachment; filename", ""),
            ("attachment", ""),
            (";;;=;filename=form.pdf", "form.pdf"),
        ],
    )
    def test_names(self, disposition: str, name: str) -> None:
        assert file_in("Content-Type: application/pdf", f"Content-Disposition: {disposition}").name == name

    def test_a_name_in_bytes_not_allowed_there(self) -> None:
        assert (
            file_in("Content-Type: image/png", b'Content-Disposition: attachment; filename="a\xf1o.png"').name
            == "año.png"
        )

    def test_a_parameter_is_not_looked_at_without_end(self) -> None:
        assert parameter(f"x/y; name={'x' * 5000}", "name") == "x" * LONGEST_PARAMETER

    def test_a_long_name_keeps_its_end(self) -> None:
        name = file_in(f"Content-Type: application/pdf; name={'x' * 900}.pdf").name
        assert len(name) == LONGEST_NAME
        assert name.endswith("x.pdf")

    @pytest.mark.parametrize(
        ("declared", "type"),
        [
            ("Application/PDF; name=x", "application/pdf"),
            ("application/octet-stream; name=form.docx", DOCX),
            ("application/octet-stream; name=form.PDF", "application/pdf"),
            ("application/x-download; name=list.csv", "text/csv"),
            ("application/octet-stream", "application/octet-stream"),
            ("application/ms-tnef; name=winmail.dat", "application/ms-tnef"),
            ("text/calendar; method=REQUEST", "text/calendar"),
            ("text/plain; name=form.doc", "application/msword"),
            ("text; name=form.pdf", "application/pdf"),
            ("image/tiff; name=fax.pdf", "image/tiff"),
        ],
    )  # fmt: skip
    def test_types(self, declared: str, type: str) -> None:
        assert file_in(f"Content-Type: {declared}").type == type

    def test_content_is_decoded(self) -> None:
        headers = ("Content-Type: application/pdf", "Content-Transfer-Encoding: base64")
        assert file_in(*headers, content=base64.encodebytes(PDF)).content == PDF

    def test_a_text_that_is_attached_is_a_file(self) -> None:
        file = file_in("Content-Type: text/plain", "Content-Disposition: attachment; filename=form.txt", content="text")
        assert file == File("form.txt", "text/plain", b"text")

    def test_a_text_that_is_not_attached_is_the_message_s(self) -> None:
        assert text_in("Content-Type: text/plain; name=form.txt", "Content-Disposition: inline", "", "text") == "text"

    @pytest.mark.parametrize(
        ("around", "headers", "inline"),
        [
            ("mixed", ["Content-Type: image/png", "Content-ID: <logo@1>", "Content-Disposition: inline"], True),
            ("mixed", ["Content-Type: image/png", "Content-ID: <scan@1>", "Content-Disposition: inline"], False),
            ("mixed", ["Content-Type: application/pdf", "Content-Disposition: inline; filename=form.pdf"], False),
            ("related", ["Content-Type: image/png"], True),
            ("related", ["Content-Type: image/png", "Content-Disposition: attachment; filename=scan.png"], False),
            ("related", ["Content-Type: application/pdf"], False),
            ("alternative", ["Content-Type: text/calendar"], True),
            ("alternative", ["Content-Type: application/pdf; name=form.pdf"], False),
        ],
    )
    def test_whether_it_is_inline(self, around: str, headers: list[str], inline: bool) -> None:
        html = ["--b", "Content-Type: text/html", "", '<img src="cid:logo@1">']
        (file,) = parts_of(f"Content-Type: multipart/{around}; boundary=b", "", *html, "--b", *headers, "", "x").files
        assert file.inline is inline


class TestParsedMode:
    def test_texts_files_and_headers(self) -> None:
        body = parsed_post(
            b"From: =?utf-8?q?Op=C3=A9rateur?= <sender@example.com>\r\nSubject: Hi\r\n",
            text=b"Nom\x85\r\nx",
            html=b'<img src="cid:logo">',
            charsets={"text": "windows-1252", "html": "us-ascii"},
            files=[
                ("C:\\form.pdf", "application/octet-stream", PDF),
                ("logo.png", "image/png", b"\x89"),
                ("mail.eml", "message/rfc822", b"Subject: within\r\n\r\ntext"),
            ],
            content_ids={"logo.png": "logo"},
        )
        taken = message_of(open_post(stored(*body)))
        assert taken.headers.fields == (("from", "=?utf-8?q?Op=C3=A9rateur?= <sender@example.com>"), ("subject", "Hi"))
        assert taken.parts == Parts(
            plain=("Nom…\nx",),
            html=('<img src="cid:logo">',),
            files=(File("form.pdf", "application/pdf", PDF), File("logo.png", "image/png", b"\x89", inline=True)),
            within=(Parts(plain=("text",)),),
        )

    def test_headers_that_stand_alone(self) -> None:
        fields = b"".join(
            b'--xYzZY\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair
            for pair in [
                (b"from", b"A <a@b.org>"),
                (b"subject", b"pidi\xa2"),
                (b"charsets", b'{"subject":"cp850"}'),
            ]
        )
        taken = message_of(open_post(stored("multipart/form-data; boundary=xYzZY", fields + b"--xYzZY--")))
        assert taken.headers.fields == (("from", "A <a@b.org>"), ("subject", "pidió"))

    def test_no_fields_at_all(self) -> None:
        assert message_of(open_post(b"")).parts == Parts()


def test_memory_grows_with_the_size_and_no_faster() -> None:
    """For an attachment in base64: the encoded and the decoded one, and room."""
    size = 20_000_000
    message = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    message += base64.encodebytes(bytes(size))
    tracemalloc.start()
    (file,) = take_apart(message).parts.files
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(file.content) == size
    assert peak < 3 * size


@pytest.mark.parametrize("hostile", [b"--b\n", b"--b", b"\r\n", b"a:\n", b"=?a?q?", b"(", b";", b'"', b"\xe9a"])
def test_memory_stays_within_bounds_when_a_message_is_hostile(hostile: bytes) -> None:
    content = hostile * (1_000_000 // len(hostile))
    message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + content
    tracemalloc.start()
    take_apart(message)
    take_apart(b"Content-Type: text/plain; charset=" + content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * len(content) + 64 * LONGEST_HEADERS
