"""What stands beside the forms in an e-mail: greetings and signatures say nothing, all else is for the staff.

The words are of the languages in which people write to us. A word too few shows a letter to the staff that says
nothing, or leaves a form to be asked about; it loses nothing."""

import re
from collections.abc import Iterable, Iterator, Set
from datetime import timedelta
from functools import lru_cache

from rollcall.inbound import choices
from rollcall.language import language
from rollcall.model.event import Event

_ARABIC = str.maketrans("ةى", "هي")
"""Letters at the end of words, which people write either way."""


def plain(text: str) -> str:
    return choices.plain(text).translate(_ARABIC)


plain_word = lru_cache(maxsize=20_000)(plain)


def _plain(*said: str) -> tuple[str, ...]:
    return tuple(map(plain, said))


_FIRST_IDEOGRAPH = "\u2e80"
"""From here on nothing stands between words."""


def _beginnings(*said: str) -> tuple[str, ...]:
    """With the blank that ends the last word."""
    return tuple(one if one[-1] > _FIRST_IDEOGRAPH else f"{one} " for one in _plain(*said))


QUESTION_MARKS = ("?", "？", "؟")
A_FORM = "\ufdd1"
"""A noncharacter, where one stood. No signature goes on below it."""
LONGEST_LETTER = 50_000
"""Characters."""
_MOST_GREETED = 8
_MOST_GREETED_ALONE = 6
"""Words: `Dear Mr. and Mrs. Shaw`."""
_SHORTEST_FOOTER = 80
_POSTSCRIPT = re.compile(r"\s*p\.?\s?s\b", re.IGNORECASE)
_LONGEST_SIGNATURE_LINE = 8
"""Words, below a greeting."""

_SALUTATIONS = _beginnings(
    *("dear", "hello", "hi", "good morning", "good afternoon", "good day", "to whom it may concern", "sirs"),
    *("sir", "madam"),
    *("bonjour", "bonsoir", "madame", "monsieur", "mesdames", "messieurs", "cher", "chere", "chers"),
    *("estimado", "estimada", "estimados", "estimadas", "buenos dias", "buenas tardes", "hola", "muy senor"),
    *("sehr geehrte", "sehr geehrter", "guten tag", "guten morgen", "liebe", "lieber", "hallo"),
    *("уважаемый", "уважаемая", "уважаемые", "здравствуйте", "добрый день", "доброе утро", "добрый вечер", "коллеги"),
    *("尊敬的", "您好", "你好", "敬启者", "亲爱的", "各位", "مرحبا", "صباح الخير", "مساء الخير", "عزيزي"),
    *("عزيزتي", "السلام عليكم", "تحية طيبة", "حضرة", "سعادة", "السادة"),
)
_WITH_A_NAME = frozenset(
    _plain(
        *("dear", "cher", "chère", "chers", "estimado", "estimada", "estimados", "estimadas", "liebe", "lieber"),
        *("madame", "monsieur", "mesdames", "messieurs", "señores"),
        *("уважаемый", "уважаемая", "уважаемые"),
    )
)
_WORD_ENDS = re.compile(r"\s*\w+\s*(?:[,.!:;，。！]|\Z)")
_CLOSINGS = _beginnings(
    *("best", "regards", "best regards", "kind regards", "warm regards", "with regards", "with kind regards", "rgds"),
    *("with best regards", "best wishes", "with best wishes", "sincerely", "yours", "respectfully", "cheers"),
    *("thanks", "thank you", "many thanks", "thanking you", "with thanks", "looking forward"),
    *("cordialement", "bien cordialement", "salutations", "meilleures salutations", "bien a vous", "merci", "sinceres"),
    *("veuillez agreer", "je vous prie d agreer", "avec mes", "dans l attente", "respectueusement", "amities"),
    *("atentamente", "saludos", "cordiales saludos", "un saludo", "cordialmente", "gracias", "muchas gracias"),
    *("mit freundlichen grüßen", "freundliche grüße", "viele grüße", "beste grüße", "mit besten grüßen", "mfg"),
    *("vielen dank", "danke", "hochachtungsvoll", "с уважением", "спасибо", "всего доброго", "с наилучшими"),
    *("с благодарностью", "заранее спасибо", "заранее благодарю", "благодарю", "благодарим", "всего хорошего"),
    *("с почтением", "искренне"),
    *("敬上", "谨上", "顺祝", "祝您", "商祺", "感谢", "多谢", "تحياتي", "وتقبلوا فائق", "تقبلوا فائق"),
    *("وتفضلوا بقبول فائق الاحترام والتقدير", "تفضلوا بقبول", "جزيل الشكر", "مع الشكر"),
    *("此致", "敬礼", "谢谢", "顺颂", "祝好", "مع تحيات", "وتفضلوا", "وتفضلوا بقبول", "شكرا", "مع خالص"),
    *("مع اطيب",),
)
_DEVICES = _plain(
    *("sent from", "sent with", "sent via", "get outlook", "envoyé depuis", "envoyé de mon", "envoyé à partir de"),
    *("enviado desde", "enviado con", "gesendet von", "von meinem iphone gesendet", "отправлено с"),
    *("отправлено из", "发自", "从我的", "أرسلت من"),
    *("تم الإرسال من", "مرسل من", "مرسلة من"),
)
_AFTER_GREETING = re.compile(r"[,，、!！.。:：](?:\s|(?<=[，、！。：]))")
_SIGNATURE_DASHES = re.compile(r"\s*--\s*")
_HEADING = re.compile(r"\W*(?:[^\W\d]+\W+){0,2}(?:no\.?|n[°ºo]|#|№)?\W*\d{1,3}\W*", re.IGNORECASE)
_LONGEST_HEADING = 40

_FOOTER = re.compile(
    r"confidential|intended (?:recipient|solely|only)|privileged|disclaimer|virus|consider the environment"
    r"|before you print|unsubscribe|destinataire|imprimer ce|confidencial|destinatario|antes de imprimir|vertraulich"
    r"|empfanger|конфиденциальн|не являетесь адресатом|保密|机密|免责|سري|اخلاء مسؤولي"
)
_ENDS = (".", "!", ":", ",", ";", "。", "！", "：", "，", "；", "،", "؛", *QUESTION_MARKS)
_SENTENCE = re.compile(r"(?<=[.?!。？！؟])\s+|[;:\n]+")
_WORD = re.compile(r"[^\W_]+")
_WORD_OR_NUMBER = re.compile(r"\d+|[^\W\d_]+")
_BETWEEN_IDEOGRAPHS = re.compile(rf"(?<=[{_FIRST_IDEOGRAPH}-\uffff])\s+(?=[{_FIRST_IDEOGRAPH}-\uffff])")
_LONG_WORD = re.compile(r"(\w{40})\w+")
"""None in any language."""
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]+|https?://\S+")

_LONGEST_THANKS = 1000
_THANKS = re.compile(
    r"\b(?:thanks?|received|noted|merci|recu|gracias|agradezco|recibid[oa]|danke|dank)\b|спасибо|благодар|получил"
    r"|谢谢|多谢|感谢|收到|شكر|وصل|استلم"
)
_THANKS_TOGETHER = re.compile(
    "非常|谢谢|多谢|感谢|收到|已|您的|您|你们|你|的|确认|邮件|信息|回复|通知|好的|好|了|我们|我|此致|敬礼|祝好|顺祝|商祺|敬上"
)
_OF_THANKS = {*" ".join((*_SALUTATIONS, *_CLOSINGS)).split()} | set(
    plain("""
    thanks thank you very much many so a lot colleagues madam tel telephone phone fax mobile cell email mail web
    ministry of and de des la le du et y и for the your this kind quick prompt confirmation confirming e email mail
    message reply response information received well noted got it ok okay perfect great good have nice day and with
    i we my our dear regards all best re i've we've see there then soon of in on from is was to registration
    merci beaucoup bien recu recue pour la le de votre vos cette confirmation courriel message reponse je nous vous
    remercie remercions bonne journee parfait d accord et a bientot j ai avons rapide
    gracias muchas mil por la el su sus esta confirmacion correo mensaje recibido recibida respuesta perfecto saludos
    agradezco agradecemos muy amable de acuerdo hasta pronto buen dia
    vielen dank danke fur die bestatigung erhalten nachricht ihre
    спасибо большое огромное благодарю благодарим вас вам за подтверждение получил получила получили письмо ваше ответ
    сообщение хорошо до встречи всё все отлично информацию
    شكرا جزيلا الشكر لكم لك علي التاكيد تم الاستلام استلام رسالتكم وصلت وصلني وصلنا الف جزيل مع تحياتي بريدكم علي الرد
    """).split()
)

_SAYS_NOTHING = {*" ".join((*_SALUTATIONS, *_CLOSINGS)).split()} | set(
    plain("""
    a about above address adjunta adjunto adjuntos adresse advance after again ah ai al all am an anbei and anhang
    anmeldeformular anmeldung annex answers any aqui are as at atelier attached attachment attend attendance attending
    au ausgefullte ausgefulltes aux avec aw be been before bei below between bien bitte bonjour brackets by can ce
    cette ci circulaire circular colons come coming complete completed con copy could dans das date day days de dear
    del delegate delegates delegation delegues dem den der des dessous dessus details die document done donner du duly
    dument e each ein eine el email empty en enclosed encontrara encontraran end enregistrement envio envoi envoie est
    esta et event favor fax fiche fields fifth file filled find finden first following for forgot forgotten form forms
    formulaire formular formulario forward forwarded forwarding forwards fourth from full fully fur further fw fwd fyi
    good has have having he help her here hereby herewith hiermit his hope i ich ihnen im in inscripcion inscription
    invitation is it its je joint jointe jointes joints kindly la las last late le leave les let letter lettre like
    list liste look looking los m ma madame mail mailed marked may me meeting mein meine merci mes message mi mis
    mistake mit mme mon monsieur mr mrs ms my name names nos note notre nous now nuestra nuestro objet of ok on once
    one optional or original our out over page par para participacion participant participants participar participate
    participating participation participer pdf person persons please pleased pleasure por post pour prie put que qui
    re receive received recevoir reg regarding register registered registering registration registro remito rempli
    remplie reponse requested resend resending return returned reunion right rv same scanned se second see seeing send
    sende sending sent she sie signed sirvase so sont soon sorry still su subject submit submitting suite sur sv
    taller teilnahme text thank thanks that the their them there they third this three time to today tr transmets
    trouver two un una und une uns unser unsere unseren us very veuillez voici vos votre vouloir vous was we well went
    were wg will wir wish with word workshop would write writes wrong wrote x y yes you your yours zu zum zur анкета
    анкету в во для заполненную зарегистрировать и мою моя на направляю наша нашу прилагается прилагаю приложении
    пожалуйста зарегистрируйте просим вложении вложенной вложен высылаю отправляю вам вас вашему вашем ваше
    заявка заявку
    заявки бланк конференции форуме форума заседании мероприятии мероприятие делегата делегатов делегации участника
    участников участник заполненный заполненная заполнил заполнила подписанную приложен приложена приложение прилагаем
    настоящим принять примите с по к и из от за меня нас его ее их также следующих список это письмо сообщение
    ارفق نرفق لكم اليكم تسجيل تسجيلي تسجيلنا المشاركه للمشاركه مشاركه مشاركتي ورشه الورشه العمل المنتدي
    الاجتماع المؤتمر
    الندوه استمارتي الاستماره للتسجيل التسجيل بعد مع علي الي عن هذه هذا الرساله البريد وفد مندوب المندوب
    المشاركين المشارك
    الكرام تعبئه معباه المعباه مملوءه وعليكم اود نود ارسل نرسل ان وفدنا السيد السيده و الخاصه بي بنا
    прошу регистрации регистрационная регистрационную семинар семинаре участие участия форма форму
    """).split()
)
# One \b before all that begin with it, and none of the other scripts tried at an ASCII letter: a tenth of the time.
_PHRASES = re.compile(
    r"(?=[^\0-\x7f])(?:附件|附上|随信|请查收|查收|请见|报名|回执|登记|注册|填好|填写|已填|表格|表|名单|参会|参加|出席|会议|研讨会|论坛|代表团|代表|本人|我们|我的"
    r"|敬请|查阅|发送|提交|如下|邮件|谢谢|您|贵|我|为|将|给|和|了|已|在|是|见|请|的"
    r"|\b(?:[وبل]?ال|[وبل])?(?:مرفق|طيه|استماره|نموذج|تسجيل|تجدون|يرجي|رجاء|في|من)\b)"
)

_REFUSES = re.compile(
    r"\b(?:(?:not|never|don t|dont|no longer)(?: to)?(?: be)?(?: \w+)? (?:regist|enrol|sign me|process|attend|come"
    r"|coming|participat|travel|join|able)|(?:cannot|can t|cant|won t|unable to) (?:attend|come|participate|join"
    r"|travel|make)|cancel|withdr[ae]w|annul|(?:un|de)regist|in (?:the )?(?:place|stead|lieu) of|instead"
    r"|replac|substitut|rather than\b|only (?:if|when)\b|unless\b|provided (?:that|he|she|i|we|they"
    r"|the)\b|on (?:the )?condition|provisional|conditional|subject to\b|depend(?:s|ing|ent)? (?:up)?on"
    r"|draft\b|pending\b|not (?:yet )?sure\b|disregard|tentativ|if (?:i|we|my|our) "
    # French
    r"|ne? (?:\w+ ){0,3}?\w*(?:inscri|enregistr|particip|viendr|venir|assist|pourr|peu[tx]|pouvons)\w* (?:pas"
    r"|plus)|ne (?:pas|plus) (?:\w+ ){0,3}?(?:inscri|enregistr|particip|venir)|desist|rempla[cz]|au lieu\b"
    r"|(?:a|en) (?:la |lieu et )?place\b|(?:seulement|uniquement|sauf) si\b|a (?:la )?condition\b|si (?:mon"
    r"|ma|mes|notre|nos|le|la|l) |sous reserve|a moins qu|pourvu qu|desinscri|renonc"
    # Spanish
    r"|no (?:\w+ ){0,2}?(?:regist|inscri|podr|pued|podemos|asist|particip)|en (?:lugar|vez|sustitucion) d"
    r"|reemplaz|sustitu|sol(?:o|amente) si\b|siempre (?:que|y cuando)\b|(?:a menos|salvo) que\b"
    # German
    r"|nicht (?:\w+ ){0,4}?(?:an\b|angemeld|anmeld|anzumeld|registr|teilnehm|teilzunehm|komm|eintrag)|stornier"
    r"|absag|abzusag|abmeld|abzumeld|anste(?:lle|tt)|anstatt|statt (?:von|dessen|herr|frau|mein"
    r"|de[rs])|ersetz|ersatz|nur (?:\w+ ){0,6}?(?:wenn|falls)\b|entwurf|hangt (?:\w+ ){1,8}?ab\b"
    r"|abhangig|unter der bedingung|vorbehalt|es sei denn|sofern\b|verhindert)"
    r"|(?=[^\0-\x7f])(?:"  # Russian, Chinese, Arabic
    r"отмен|аннулир|отказ|отозва|отзыва|не регистр|не надо|не нужно|вместо|замен|только если|при условии|не смо[гж]"
    r"|не могу|не при(?:ед|езж)|не (?:\w+ )?(?:участв|присутств)|если (?:мне|нам|мо[йя]|наш|дадут)|черновик|снимите"
    r"|до получения|暂不|退出|改由|改为|更换|待定|视情况|草稿|取消|撤销|撤回|不要|不再|请勿|代替|替代|替换|代为|换成"
    r"|除非|只有|如果|前提|条件|无法|不能"
    r"|不参加|الغاء|الغي|يلغ|نلغ|لا تسجل|عدم تسجيل|بدلا|بدل|استبدال|عوضا|فقط اذا|بشرط|شريطة|لا استطيع"
    r"|لا يمكن|لن |نيابه|انسح|(?:ا|ن)عتذر عن (?:ال|عدم)|عدم (?:ال)?(?:حضور|مشارك)|مسود|اذا (?:حصل|تم|لم) )"
)

_MAY_NOT_BE = re.compile(
    r"\b(?:if (?!you (?:need|have|require|wish))|(?:maybe|perhaps|probably|possibly|might|tbc|to be confirmed"
    r"|in case)\b|may (?:be|have|change|stay|come)\b|(?:not sure|uncertain)\b"
    r"|si (?:je|j|nous|l|le|la|possible|jamais|es|no|el|puedo|podemos)\b|(?:peut etre|probable|eventuel|a confirmer"
    r"|au cas|quiza|tal vez|por confirmar|en caso))"
    r"|(?=[^\0-\x7f])(?:"
    r"\bесли\b|возможно|наверн|может быть|вероятн|уточн|如果|若|可能|也许|大概|待定|\b(?:و|ف)?(?:اذا|لو|ربما)\b)"
)

_ASKS = re.compile(
    r"\b(?:visa|invitation letter|letter of invitation|diet|vegetarian|vegan|halal|kosher|gluten|allerg|wheelchair"
    r"|disab|accessib|interpret|translat|(?<!should you )need|(?<!if you )requir|requests?\b|requesting|invoice"
    r"|payment|passport|accompan|spouse|wife|husband|arriv|depart|flight|book(?:ed|ing)?\b|reserv|speak|presentation"
    r"|i would like|we would like|could you|can you|would you|may i|may we|let (?:me|us) know|advise|whether|but"
    r"|however|colleague|too\b|unfortunately|wrong|mistake|chang|correct(?:ion|ed)?\b|also|help|question|problem"
    r"|aware|remark|attention to|please (?!find|see|accept|register|receive|do not hesitate|feel free|acknowledge"
    r"|confirm receipt)"
    # French
    r"|besoin|demande|regime|fauteuil|handicap|traduc|facture|paiement|passeport|epou[sx]|mon mari|vol\b|pourri"
    r"|pourrait|pouvez|puis je|souhait|voudr|merci de (?!votre|m)|priere de|comment|quand|quel|mais|cependant"
    r"|malheureusement|erreur|aussi|egalement|probleme"
    # Spanish
    r"|necesit|visado|dieta|alergi|silla de|discapac|traduc|factura|pago|pasaporte|llega|podria|pueden?\b"
    r"|quisier|agradecer|como |cuando|cual|pero|lamentable|error|tambien|problema"
    # German
    r"|brauch|benotig|visum|rollstuhl|behinder|dolmetsch|rechnung|zahlung|reisepass|begleit|ankomm|ankunft"
    r"|buchen|buchung|konnten|konnen sie|mochte|bitte (?!finden)|wann|welche|aber|leider|fehler|auch|ob )"
    r"|(?=[^\0-\x7f])(?:"  # Russian, Chinese, Arabic
    r"нужн|необходим|требу|\bвиз|вегетариан|аллерг|коляск|инвалид|перевод|оплат|паспорт|сопровожд|прилет|приез"
    r"|брониров|не могли|можете|можно ли|пожалуйста (?!найдите|зарегистрир|примите|подтвердите|см\b)"
    r"|\bкогда|\bно |к сожалению|хотел|ошиб|также"
    r"|просьба|помо[гщ]|вопрос|проблем|измен|исправ|сколько|как(?:ой|ая|ие|ое) |где "
    r"|请(?:告知|提供|协助|安排|回复|帮)|希望|麻烦|协助|问题|更正|修改|更改|多少|住宿|接机|签证|邀请函|另外|请给"
    r"|素食|清真|过敏|轮椅|翻译|口译|需要|能否|可否|是否|请问|吗|怎么|如何|预订|发票|付款|护照|陪同|但是|不过|抵达"
    r"|错|تاشير|فيزا|نباتي|حلال|حساسيه|كرسي|ترجم|احتاج|نحتاج|هل |كيف|متي|فاتور|دفع|جواز|مرافق|حجز|لكن|وصول"
    r"|خطا|مساعد|سؤال|مشكل|تعديل|تصحيح|تغيير|\bكم |\bاين |هل يمكن)"
)
_QUESTION = re.compile(rf"(?<!do you yahoo!)[{''.join(QUESTION_MARKS)}]", re.IGNORECASE)

_ABOUT = re.compile(
    r"\b(?:workshop|forum|conference|seminar|symposium|summit|congress|meeting|course|training|atelier|colloque"
    r"|seminaire|reunion|congres|taller|seminario|conferencia|foro|curso|konferenz|tagung|семинар|конференци\w+"
    r"|форум\w*) (?:on|about|sur|sobre|uber|по|о) (?!behalf|\d|the \d)(?P<topic>(?:\w+ ?){1,5})"
)
_MONTHS = (
    "january|janvier|enero|januar|янв|يناير|1月",
    "february|fevrier|febrero|februar|fev|feb|февр|فبراير|شباط|2月",
    "march|mars|marzo|marz|март|مارس|اذار|3月",
    "april|avril|abril|апр|ابريل|نيسان|4月",
    "may|mai|mayo|мая|май|مايو|ايار|5月",
    "june|juin|junio|juni|июн|يونيو|حزيران|6月",
    "july|juillet|julio|juli|июл|يوليو|تموز|7月",
    "august|aout|agosto|авг|اغسطس|اب|8月",
    "september|septembre|septiembre|сент|سبتمبر|ايلول|9月",
    "october|octobre|octubre|oktober|окт|اكتوبر|10月",
    "november|novembre|noviembre|ноя|نوفمبر|11月",
    "december|decembre|diciembre|dezember|дек|ديسمبر|12月",
)
_SPANS = (
    re.compile(r"\b\d{1,2} (?:(?:to|and|au|et|al|a|y|bis|und|по|до|и|الي|حتي|و) )?\d{1,2} (?:of |de )?([^\W\d]{3,})"),
    re.compile(r"(?<!\d)(\d{1,2}月)\d{1,2}日?(?: |至|到|和)(?:\d{1,2}月)?\d{1,2}日"),
    re.compile(r"\b([^\W\d]{3,}) \d{1,2} (?:(?:to|and) )?\d{1,2}\b"),
)


def is_closing(line: str) -> bool:
    """A greeting, or what a program puts above a signature or in place of one. Nobody's answer."""
    if _SIGNATURE_DASHES.fullmatch(line):
        return True
    if plain_word(line.lstrip()[:2]) not in _BEGINNINGS:
        return False
    return len(line.split()) <= _MOST_GREETED and (_greets(line) or _closes(line))


_BEGINNINGS = {plain(said[:2]) for said in (*_SALUTATIONS, *_CLOSINGS, *_DEVICES)}


_beginning = lru_cache(maxsize=100)(plain)


def _greets(line: str) -> bool:
    return _begins(line, _SALUTATIONS)


def _closes(line: str) -> bool:
    return _begins(line, _CLOSINGS) or _is_of_device(line)


def _is_of_device(line: str) -> bool:
    return _beginning(line[:200]).startswith(_DEVICES)


def _begins(line: str, phrases: tuple[str, ...]) -> bool:
    """A word alone must end there (`Best, Jo`, but not `Best Western`), unless a name belongs to it (`Dear Jo`)."""
    said = f"{_beginning(line[:200])} "
    if not said.startswith(phrases):
        return False
    found = [one.rstrip() for one in phrases if said.startswith(one)]
    ends = said.strip() in found or bool(_WORD_ENDS.match(line))
    return any(ends or " " in one or one in _WITH_A_NAME or one[-1] > _FIRST_IDEOGRAPH for one in found)


def is_greeting(line: str) -> bool:
    return _greets(line) and not _closes(line)


def ends_a_sentence(line: str) -> bool:
    return line.rstrip().endswith(_ENDS)


def is_of_device(line: str) -> bool:
    return _is_of_device(line) and len(line.split()) <= _LONGEST_SIGNATURE_LINE


def is_signature_dashes(line: str) -> bool:
    return _SIGNATURE_DASHES.fullmatch(line) is not None


def is_footer(paragraph: str) -> bool:
    return len(paragraph) > _SHORTEST_FOOTER and _FOOTER.search(plain(paragraph)) is not None


def parted_greeting(line: str) -> tuple[str, str]:
    """A greeting, and what the line says behind it."""
    greeting, rest = _parted(line)
    return (greeting, rest) if _greets(line) and len(greeting.split()) <= _MOST_GREETED_ALONE else ("", line)


def _parted(line: str) -> tuple[str, str]:
    first, rest = [*_AFTER_GREETING.split(line, maxsplit=1), ""][:2]
    return first, rest


def after_closing(line: str) -> str | None:
    """What follows the formula that ends a letter, plain; None where the line has none."""
    said = f"{plain(line[:200])} "
    found = [one for one in _CLOSINGS if said.startswith(one)]
    return said[len(max(found, key=len)) :].strip() if found and _closes(line) else None


def is_heading(line: str) -> bool:
    """As `Participant 2`."""
    return len(line) <= _LONGEST_HEADING and bool(_HEADING.fullmatch(line))


def is_only_heading(line: str) -> bool:
    """As `Participant 2:` or `(2)`, and no line of an address."""
    if not is_heading(line):
        return False
    return line.rstrip().endswith((":", "：")) or not (line.strip().isdecimal() or any(map(str.isalpha, line)))


@lru_cache(maxsize=64)
def words_of(event: Event) -> Set[str]:
    """Those that say nothing to the event's staff."""
    own = [text for code in event.languages for text in _own_words(event.in_language(code))]
    own = [*own, event.slug, *event.staff_addresses, event.zone.key, f"{event.starts:%A} {event.ends:%A}"]
    months = {event.starts.month, event.ends.month, event.closes_at.month}
    named = {name for number, names in enumerate(_MONTHS, start=1) if number in months for name in names.split("|")}
    return _SAYS_NOTHING | named | {word for text in own for word in _WORD_OR_NUMBER.findall(plain(text))}


# Marked for the catalogues where they are said.
_OF_THE_BLANK_FORM = (
    "Please return this form to %(organization)s by %(at)s, by e-mail to %(email)s.",
    "Please return this form to %(organization)s by %(at)s, by e-mail to %(email)s or by fax to %(fax)s.",
    "Write after the colons, and put an x between the brackets: [x]",
    "Registration form",
    "Registration",
    "You can leave the fields marked “optional” empty.",
    "%(days)s (%(first)s and %(last)s)",
    "%(days)s (%(first)s to %(last)s)",
    "the end of %(day)s (%(place)s time)",
    "%(day)s, %(time)s (%(place)s time)",
)


# Marked for the catalogues where they are said.
_OUR_SUBJECTS = (
    "Registration confirmed: %(event)s, %(dates)s (%(reference)s)",
    "Received in time, recorded late: %(event)s, %(dates)s (%(reference)s)",
    "Received after the deadline: %(event)s, %(dates)s (%(reference)s)",
    "Registration changed: %(event)s, %(dates)s (%(reference)s)",
    "Registered again: %(event)s, %(dates)s (%(reference)s)",
    "E-mail address changed: %(event)s, %(dates)s (%(reference)s)",
    "New e-mail address to be confirmed: %(event)s, %(dates)s (%(reference)s)",
    "Another form came in your name: %(event)s",
    "Your link: %(event)s",
    "Your links: %(event)s",
)


_OF_CHANGES = """
    change changes changed changing update updated updating amend modify modified correct corrected correction new
    my has have been will be number numbers details following to the other please booked this is now
    confirmation telephone phone mail
    courriel teléfono correo confirmación телефон почта подтверждение 手机 邮箱 确认 البريد تأكيد
    modifier modifiez modification modifications changer changez change corriger corrigez correction rectifier nouveau
    nouvelle nouvel numero mes coordonnees suivante suivant suivantes ma mise jour a est sont
    cambiar cambien cambio cambios modificar modifiquen modificacion corregir actualizar actualicen actualizacion nuevo
    nueva mis datos siguiente siguientes ha cambiado por favor sera
    изменить измените изменение изменения изменился изменилась изменились исправить исправьте обновить обновите новый
    новая новое новые мой мои данные данных теперь номер номера прошу внести в моей регистрации
    请 更新 更改 修改 变更 改为 更正 新 现 现在 信息 如下 我 的 已 为 是 将 号码
    تعديل تحديث تغيير تغير الجديد الجديده رقم رقمي بياناتي اصبح التالي يرجي ارجو الرجاء كما يلي
"""


def words_of_changes(event: Event) -> Iterator[str]:
    """In which a letter hands on changed lines."""
    yield _OF_CHANGES
    fields = [field for code in event.languages for field in event.in_language(code).fields]
    yield from (said for field in fields for said in (field.label, *field.also))


def our_subjects(event: Event, reference: str) -> Iterator[str]:
    """Of the e-mails about one registration, in each language."""
    for code in event.languages:
        spoken, title = language(code), event.in_language(code).title
        dates = spoken.span(event.day_of(event.starts), event.day_of(event.ends))
        for subject in _OUR_SUBJECTS:
            yield spoken.gettext(subject, event=title, dates=dates, reference=reference)


def _own_words(event: Event) -> Iterator[str]:
    """What the event and its blank form say by themselves in this language."""
    spoken, contact = language(event.language), event.contact
    yield from (event.title, event.reference or "", event.organizer, contact.name, contact.organization)
    yield from (contact.fax or "", contact.email)
    if event.venue:
        yield from (event.venue.inside, *event.venue.address)
    first, last = spoken.weekday(event.starts), spoken.weekday(event.ends)
    days = " ".join(map(spoken.day, (event.starts, event.ends, event.closes_at)))
    said = {"first": first, "last": last, "days": days, "day": days, "place": spoken.city(event.zone)}
    said |= dict.fromkeys(("organization", "at", "email", "fax", "time"), " ")
    yield from (first, last, *(spoken.gettext(message, **said) for message in _OF_THE_BLANK_FORM))


def what_it_says(beside: str, event: Event, known: Iterable[str]) -> str:
    """Without greetings, signatures, footers, and sentences that only hand on the form; as it is, where it is long.
    `known`: the sender, the people."""
    if len(beside) > LONGEST_LETTER:
        return beside.replace(A_FORM, "")
    words = words_of(event) | {word for text in known for word in plain(text).split()}
    return "\n\n".join(_paragraphs_that_say_something(beside, words))


def says_something(text: str, words: Set[str]) -> bool:
    said = _BETWEEN_IDEOGRAPHS.sub("", plain(_ADDRESS.sub(" ", text)))
    if max(said, default="") >= _FIRST_IDEOGRAPH:
        known = sorted((word for word in words if word[0] >= _FIRST_IDEOGRAPH), key=len, reverse=True)
        said = re.sub("|".join(known), " ", said)
    said = _PHRASES.sub(" ", said)
    return bool(_QUESTION.search(text)) or any(
        not word.isdecimal() and word not in words for word in _WORD.findall(said)
    )


def only_thanks(beside: str, subject: str, event: Event, known: Iterable[str], names: Iterable[str]) -> bool:
    """Whether somebody says that they got our e-mail, and clearly nothing else: each word is known, but for a signature
    below one of these names, or a greeting."""
    if len(beside) > _LONGEST_THANKS:
        return False
    known, said = list(known), f"{subject}\n\n{beside}"
    lines = [line for line in beside.splitlines() if line.strip() and not _is_of_device(line)]
    if not any(_THANKS.search(plain(line)) for line in lines):
        return False
    asked = asks("\n".join(line for line in lines if not _greets(line)))
    if asked or refuses(said) or sets_a_condition(beside) or what_it_says(subject, event, known):
        return False
    own = {frozenset(plain(name).split()) for name in names}
    fields = [field for code in event.languages for field in event.in_language(code).fields]
    labels = {word for field in fields if field.kind not in ("tel", "email") for word in plain(field.label).split()}
    labels -= {"of", "the", "de", "la"}
    words = _OF_THANKS | {word for text in (*known, *names) for word in plain(text).split()}
    signed = False
    for line in lines:
        unknown = _unknown_in(line, words)
        if unknown and not (signed and all(word[0].isupper() and plain(word) not in labels for word in unknown)):
            return False
        closes = _closes(line) and not _THANKS.search(plain(line))
        signed = signed or closes or frozenset(plain(line).split()) in own
    return True


def _unknown_in(line: str, words: Set[str]) -> list[str]:
    said = _ADDRESS.sub(" ", line)
    if max(plain(said), default="") >= _FIRST_IDEOGRAPH:
        said = _THANKS_TOGETHER.sub(" ", said)
    return [word for word in _WORD.findall(said) if not word.isdecimal() and plain(word) not in words]


def _paragraphs_that_say_something(beside: str, words: Set[str]) -> Iterator[str]:
    signed = 0
    """Paragraphs below a closing, in which a signature may still stand."""
    for paragraph in re.split(r"\n\s*\n", beside.strip()):
        if A_FORM in paragraph or is_footer(paragraph):
            signed = 0 if A_FORM in paragraph else signed
            continue
        kept: list[str] = []
        for line in paragraph.splitlines():
            closes = _closes(line)
            if _SIGNATURE_DASHES.fullmatch(line) or closes:
                signed = 2
            greeting, rest = _parted(line)
            if _is_of_device(line) or (signed and _is_signature(line) and not closes):
                continue
            if closes and rest.istitle():
                continue
            kept.append(rest if _greets(line) and len(greeting.split()) <= _MOST_GREETED_ALONE else line)
        signed = max(0, signed - 1)
        if any(says_something(sentence, words) for sentence in _SENTENCE.split(" ".join(kept))):
            yield "\n".join(kept).strip()


def _is_signature(line: str) -> bool:
    is_question = any(mark in line for mark in QUESTION_MARKS)
    return not is_question and len(line.split()) <= _LONGEST_SIGNATURE_LINE and not _POSTSCRIPT.match(line)


def asks(text: str) -> bool:
    """Whether it asks or needs something of a person, in any of the languages that we know."""
    return bool(_QUESTION.search(text) or _ASKS.search(f"{plain(text[:LONGEST_LETTER])} "))


def refuses(text: str) -> bool:
    """Whether words cancel, refuse, replace or set a condition."""
    paragraphs = (_LONG_WORD.sub(r"\1", plain(one)) for one in re.split(r"\n\s*\n", text[:LONGEST_LETTER]))
    return any(_REFUSES.search(said) and not _FOOTER.search(said) for said in paragraphs)


def sets_a_condition(text: str) -> bool:
    """Whether words say that what it says may not be so."""
    paragraphs = map(plain, re.split(r"\n\s*\n", text[:LONGEST_LETTER]))
    return any(_MAY_NOT_BE.search(said) and not _FOOTER.search(said) for said in paragraphs)


def names_another_event(event: Event, text: str) -> bool:
    """A workshop on something else, or on other days. A day before or after is a journey."""
    own = {word for said in (event.title, event.reference or "", event.slug) for word in plain(said).split()}
    near = timedelta(days=3)
    months = {day.month for day in (event.starts - near, event.starts, event.ends, event.ends + near)}
    months |= {event.opens_at.month, event.closes_at.month}
    for line in text[:LONGEST_LETTER].splitlines():
        said = plain(line)
        if (found := _ABOUT.search(said)) and not _is_own(found["topic"], own):
            return True
        spoken_of = {_month(word) for span in _SPANS for word in span.findall(said)} - {None}
        if not spoken_of <= months:
            return True
    return False


def _is_own(topic: str, own: Set[str]) -> bool:
    words = {word for word in topic.split() if len(word) > 2} - _SAYS_NOTHING
    return not words or not words.isdisjoint(own)


def _month(word: str) -> int | None:
    """Of its name, or the beginning of it."""
    for number, names in enumerate(_MONTHS, start=1):
        if any(name.startswith(word) or word.startswith(name) for name in names.split("|")):
            return number
    return None
