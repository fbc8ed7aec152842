"""Replies to an e-mail of ours, as mail programs write them: what its reader typed, and our e-mail below, quoted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape

from rollcall.inbound.html import text_of_html
from rollcall.model.email import Email

OURS = "registration@desk.example.org"
AMINA = "amina.diallo@mpt.example.org"
DAY = "2 Feb 2004"


@dataclass(frozen=True)
class _Said:
    """What programs say in a language: above a quotation, and of the quoted e-mail's header."""

    wrote: str
    headers: tuple[str, str, str, str]
    day: str
    original: str = "Original Message"


SAID: Mapping[str, _Said] = {
    "en": _Said("On Mon, Feb 2, 2004 at 2:00 PM {} wrote:", ("From", "Sent", "To", "Subject"), "2 February 2004 14:00"),
    "fr": _Said(
        "Le lun. 2 févr. 2004 à 14:00, {} a écrit :",
        ("De ", "Envoyé ", "À ", "Objet "),
        "lundi 2 février 2004 14:00",
        "Message d'origine",
    ),
    "es": _Said(
        "El lun, 2 feb 2004 a las 14:00, {} escribió:",
        ("De", "Enviado el", "Para", "Asunto"),
        "lunes, 2 de febrero de 2004 14:00",
        "Mensaje original",
    ),
    "ru": _Said(
        "пн, 2 февр. 2004 г. в 14:00, {}:", ("От", "Отправлено", "Кому", "Тема"), "2 февраля 2004 г. 14:00", "Исходное"
    ),
    "zh": _Said(
        "{} 于2004年2月2日周一 14:00写道：", ("发件人", "发送时间", "收件人", "主题"), "2004年2月2日 14:00", "原始邮件"
    ),
    "ar": _Said(
        "في الاثنين، ٢ فبراير ٢٠٠٤ في ١٤:٠٠ كتب {}:",
        ("من", "تم الإرسال", "إلى", "الموضوع"),
        "02 فبراير, 2004 14:00",
        "الرسالة الأصلية",
    ),
}

Program = Callable[[str, Email, str], EmailMessage]


def gmail(above: str, ours: Email, code: str) -> EmailMessage:
    said = SAID[code].wrote
    cells = text_of_html(ours.html).replace("\t", " ")
    plain = f"{above}\n\n{said.format(f'<{OURS}>')}\n\n{_marked(cells)}\n"
    introduced = said.format(f'&lt;<a href="mailto:{OURS}">{OURS}</a>&gt;')
    quoted = f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid">{ours.html}'
    quotation = f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{introduced}<br></div>{quoted}'
    html = f'<div dir="auto">{_lines(above)}</div><br>{quotation}</blockquote></div>'
    return _message(ours, plain, html)


def outlook(above: str, ours: Email, code: str) -> EmailMessage:
    """Word's HTML; what it quotes is not indented."""
    values = (f"{ours.sender_name} <{OURS}>", SAID[code].day, f"Amina Diallo <{AMINA}>", ours.subject)
    headers = [f"{label}: {value}" for label, value in zip(SAID[code].headers, values, strict=True)]
    cells = "\n\n".join(text_of_html(ours.html).replace("\t", "\n\n").splitlines())
    plain = f"{above}\n\n" + "\n".join(headers) + f"\n\n{cells}\n"
    shown = "<br>".join(f"<b>{escape(one.partition(':')[0])}:</b>{escape(one.partition(':')[2])}" for one in headers)
    border = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
    typed = "".join(f'<p class="MsoNormal">{escape(line) or "&nbsp;"}<o:p></o:p></p>' for line in above.split("\n"))
    header = f'<div><div style="{border}"><p class="MsoNormal">{shown}</p></div></div>'
    return _message(ours, plain, f'<div class="WordSection1">{typed}{header}{ours.html}</div>')


def outlook_web(above: str, ours: Email, code: str) -> EmailMessage:
    values = (OURS, SAID[code].day, AMINA, ours.subject)
    shown = "<br>".join(
        f"<b>{label}:</b> {escape(value)}" for label, value in zip(SAID[code].headers, values, strict=True)
    )
    quotation = f'<div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr"><font>{shown}</font></div>'
    return _message(ours, None, f"<div>{_lines(above)}</div>{quotation}<div>{ours.html}</div>")


def outlook_2003(above: str, ours: Email, code: str) -> EmailMessage:
    """Plain text, unmarked."""
    said, values = SAID[code], (f"{ours.sender_name} [mailto:{OURS}]", SAID[code].day, "Amina Diallo", ours.subject)
    headers = "\n".join(f"{label}: {value}" for label, value in zip(said.headers, values, strict=True))
    return _message(ours, f"{above}\n\n-----{said.original}-----\n{headers}\n\n{ours.text}", None)


def apple_mail(above: str, ours: Email, code: str) -> EmailMessage:
    said = SAID[code].wrote.format(f"{ours.sender_name} <{OURS}>")
    plain = f"{above}\n\n{_marked(f'{said}{chr(10)}{chr(10)}{ours.text}')}\n"
    cited = f'<blockquote type="cite"><div>{escape(said)}</div><br><div>{ours.html}</div></blockquote>'
    return _message(ours, plain, f"<div>{_lines(above)}</div><br>{cited}")


def thunderbird(above: str, ours: Email, code: str) -> EmailMessage:
    """Plain text, marked; what was typed may stand below."""
    return _message(ours, f"{above}\n\n{_introduced(ours, code)}\n{_marked(ours.text)}\n", None)


def below(typed: str, ours: Email, code: str) -> EmailMessage:
    return _message(ours, f"{_introduced(ours, code)}\n{_marked(ours.text)}\n\n{typed}\n", None)


def in_between(typed: str, ours: Email, code: str) -> EmailMessage:
    """Below the line of our text that has its label: the sender's answer to it."""
    label = typed.strip().partition(":")[0].partition("：")[0].strip()
    lines = [f"> {line}" for line in ours.text.splitlines()]
    at = next(at for at, line in enumerate(lines) if line[2:].strip().startswith(label))
    quoted = "\n".join([*lines[: at + 1], "", typed, "", *lines[at + 1 :]])
    return _message(ours, f"{_introduced(ours, code)}\n{quoted}\n", None)


def qq_mail(above: str, ours: Email, code: str) -> EmailMessage:
    headers = (f"发件人: {ours.sender_name}<{OURS}>", "发送时间: 2004年2月2日(星期一) 晚上8:00", f"收件人: {AMINA}")
    shown = "".join(f"<div>{escape(one)}</div>" for one in (*headers, f"主题: {ours.subject}"))
    divider = "<div>------------------&nbsp;原始邮件&nbsp;------------------</div>"
    return _message(ours, None, f"<div>{_lines(above)}</div><br>{divider}<div>{shown}</div><br>{ours.html}")


def mail_ru(above: str, ours: Email, code: str) -> EmailMessage:
    said = f"Понедельник, 2 февраля 2004, 14:00 +03:00 от {escape(ours.sender_name)} &lt;{OURS}&gt;:"
    quoted = f'{said}<br><blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px;">'
    return _message(ours, None, f"<div>{_lines(above)}</div><br><br>{quoted}{ours.html}</blockquote>")


def without_a_quotation(above: str, ours: Email, code: str) -> EmailMessage:
    return _message(ours, f"{above}\n", None)


PROGRAMS: Mapping[str, Program] = {
    "Gmail": gmail,
    "Outlook": outlook,
    "Outlook on the web": outlook_web,
    "Outlook 2003": outlook_2003,
    "Apple Mail": apple_mail,
    "Thunderbird": thunderbird,
    "QQ Mail": qq_mail,
    "Mail.ru": mail_ru,
    "no quotation": without_a_quotation,
}


def _introduced(ours: Email, code: str) -> str:
    return SAID[code].wrote.format(f"{ours.sender_name} <{OURS}>")


def _marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _lines(text: str) -> str:
    return "".join(f"<div>{escape(line) or '<br>'}</div>" for line in text.split("\n"))


def _message(ours: Email, plain: str | None, html: str | None) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"Amina Diallo <{AMINA}>"
    message["Subject"] = f"Re: {ours.subject}"
    if plain is not None:
        message.set_content(plain)
    if html is not None and plain is not None:
        message.add_alternative(f"<html><body>{html}</body></html>", subtype="html")
    elif html is not None:
        message.set_content(f"<html><body>{html}</body></html>", subtype="html")
    return message
