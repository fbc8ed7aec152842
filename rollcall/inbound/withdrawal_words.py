"""The phrases of letters that withdraw, by language. `(...)` groups and `?` as in regular expressions; `<name>` stands
for what the table below says; no punctuation, and a blank for an apostrophe.

None says anything about a part, a condition or somebody else, whatever stands before or after it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

from rollcall.inbound.whose import THE_PERSON

THE_EVENT = "\ufdd3"
"""A noncharacter, where the event's title stands."""
THE_PAPER = "\ufdd4"
_SIGNS: Mapping[str, str] = {
    "P": THE_PERSON,
    "event": THE_EVENT,
    "paper": THE_PAPER,
    **dict(zip(("registration", "attend", "attending", "because"), "\ue001\ue002\ue003\ue004", strict=True)),
}
"""None is in a plain text."""

_IN_SHORT: Sequence[tuple[str, Sequence[str]]] = (
    (
        "event",
        (
            r"(?:the |this |your )?(?:itu )?(?:<event>|event|workshop|forum|conference|seminar|symposium|meeting|summit"
            r"|congress|course|training)(?: <event>)*",
            r"(?:a (?=c|l|votre)|au |aux |pour |dans |de |du )?(?:le |la |l |cet |cette |ce |votre )?(?:<event>"
            r"|evenement|atelier|colloque|seminaire|reunion|sommet|congres|formation)(?: <event>)*",
            r"(?:a (?=e|la|su)|al |en |del |de )?(?:el |la |este |esta |su )?(?:<event>|evento|taller|foro|conferencia"
            r"|seminario"
            r"|simposio|cumbre|congreso|curso)(?: <event>)*",
            r"(?:в |на )?(?:вашем |этом |данном |вашу |этот |данный |это |вашей |этой )?(?:<event>|семинар[еа]?"
            r"|семинар практикуме?|форуме?|конференци[июя]|мероприяти[ие]|симпозиуме?|совещани[ие]|конгрессе?|встрече?"
            r"|собрани[ие])(?: <event>)*",
            r"(?:本次|此次|这次|该|贵|这个)?(?:<event>|会议|论坛|讲习班|研讨会|活动|培训|大会)",
            r"(?:في |الي )?(?:هذه |هذا )?(?:<event>|(?:ب?ال|لل)?(?:ورشه(?: العمل)?|منتدي|موتمر|ندوه|اجتماع|فعاليه|دوره"
            r"|حلقه|لقاء))(?: <event>)*",
        ),
    ),
    (
        "registration",
        (
            r"(?:my|this|the) (?:registration|participation|attendance)(?: for me| (?:of|for) <P>)?"
            r"(?: (?:for|to|in|at|from) <event>)?(?: (?:reference )?<P>)?",
            r"(?:(?:mon|cette|l) inscription|ma (?:participation|presence))(?: de <P>)?(?: <event>)?(?: <P>)?",
            r"(?:(?:mi|esta|la) (?:inscripcion|participacion|asistencia)|(?:mi|este|el) registro)(?: de <P>)?"
            r"(?: <event>)?(?: <P>)?",
            r"(?:(?:мою|свою|эту|данную) )?регистрацию(?: <P>)?(?: <event>)?|(?:мое|свое) участие(?: <event>)?",
            r"(?<=取消)(?:我|本人|<P>)?的?(?:本次|此次)?(?:<event>的?)?(?:报名|注册|登记|参会资格|参会)",
            r"(?:تسجيلي|مشاركتي|اشتراكي|تسجيل <P>|التسجيل الخاص بي|هذا التسجيل|التسجيل)(?: <event>)?",
        ),
    ),
    (
        "attend",
        (
            r"(?:attend|come|participate|take part|be there|be present|join you|join|make it)"
            r"(?: (?:in |at |to |for )?<event>)?",
            r"(?:y )?(?:participer|assister|venir|prendre part|etre presente?|me rendre|etre des votres)(?: <event>)?",
            r"(?:asistir|participar|acudir|ir|estar presente|tomar parte)(?: <event>)?",
            r"(?:принять участие|участвовать|присутствовать|приехать|прийти|прибыть|посетить)(?: <event>)?",
            r"(?:前来|前往|按时|如期)?(?:参加|出席|参与|与会|参会)(?:<event>)?",
            r"(?:حضور|المشاركه|الحضور|المجيء|الاشتراك) <event>|الحضور|المشاركه|الاشتراك|القدوم|المجيء"
            r"|ان (?:احضر|اشارك)(?: <event>)?",
        ),
    ),
    (
        "attending",
        (r"(?:attending|coming|participating|taking part|joining you|joining)(?: (?:in |at |to )?<event>)?",),
    ),
    (
        "because",
        (
            r"(?:due to|because of|owing to|on account of|as a result of|for) <reasons>(?: (?:and|of|in) <reasons>)?",
            r"(?:en raison|a cause|par suite|suite|compte tenu|pour)(?: (?:de|d|a|des|du|un|une|mes|autres?|raisons?"
            r"|personnel(?:le)?s?|professionnel(?:le)?s?|familia(?:les?|ux)|sante|maladie|engagements?|obligations?"
            r"|contraintes?|imprevus?|imprevues?|empechement|urgence|urgente?s?|calendrier|agenda|service|l|la|mon"
            r"|mission|anterieurs?|circonstances?|cas|force|majeure|et)){1,8}",
            r"(?:por|debido a|a causa de)(?: (?:un|una|unos|otros?|otras?|motivos?|razones|razon|causas?|compromisos?"
            r"|personales|personal|profesionales|laborales|familiares|salud|enfermedad|urgentes?|imprevistos?"
            r"|imprevistas?|agenda|fuerza|mayor|previos?|adquiridos|anteriores|trabajo|asuntos?|problemas?"
            r"|circunstancias|de|la|mi|y|ajenas?|voluntad|a)){1,8}",
            r"(?:по|из за|в связи с|ввиду|вследствие|в силу)(?: (?:причин(?:ам|е)|обстоятельств(?:ам|а)?|болезн[иью]+"
            r"|личным|семейным|служебным|рабочим|другим|иным|независящим|от|меня|непредвиденн\w+|срочн\w+|занятост\w+"
            r"|командировк\w+|состояни\w+|здоровья|обязательств\w+|дел\w+|и|производственн\w+)){1,7}",
            r"(?:因为|由于|因)(?:我|本人)?(?:的|有|个人|工作|身体|健康|家庭|私人|公务|行程|日程|时间|其他|其它|临时|紧急"
            r"|突发|特殊|另有|原因|冲突|安排|缘故|事务|任务|情况|问题|要事|急事|生病|事){1,6}",
            r"(?:بسبب|نظرا|لاسباب|لظروف|لظرف|لارتباطات|لارتباط|لدواعي)(?: (?:ظروف?|اسباب|ارتباطات?|التزامات?|لظروف"
            r"|لارتباطات?|لالتزامات?|لاسباب|طاريه?|خاصه|شخصيه|صحيه|عاييليه|عايليه|عمل|العمل|مهنيه|سابقه|اخري|المرض|مرض"
            r"|مرضي|خارجه|عن|ارادتي|مسبقه))*",
        ),
    ),
)
"""Each is replaced by a sign, in this order: what the phrases below call by these names."""

_WORDS: Mapping[str, str] = {
    "cancel": r"(?:cancel|withdraw|annul)",
    "cancelled": r"(?:cancell?ed|withdrawn)",
    "sadly": r"(?:unfortunately |regrettably |sadly |therefore )?",
    "reasons": r"(?:(?:a|an|the|some|my|other|another|prior|previous|urgent|unforeseen|unexpected|personal|private"
    r"|family|work|professional|official|health|medical|schedul(?:e|ing)|calendar|conflicting|budgetary) ){0,4}"
    r"(?:conflicts?|commitments?|engagements?|reasons?|circumstances?|obligations?|emergency|matters?|illness|sickness"
    r"|duties|restrictions?|constraints?|schedule|calendar)",
    "for_it": r"(?: for (?:your |the |this |all |any |kind |great |quick |prompt |understanding|invitation|confirmation"
    r"|e ?mail|message|reply|help|support|assistance|cooperation|information|consideration|attention|patience| |and "
    r")+)?",
    "inconvenience": r"(?: for (?:any|the|this|all)(?: possible)? (?:inconvenience|trouble)(?: caused|"
    r" (?:this|it) (?:may|might|will) cause(?: you)?)?| for the (?:late|short) notice)?",
    "helas": r"(?:malheureusement |helas |donc )?",
    "lamento": r"(?:lamentablemente |desafortunadamente |desgraciadamente |por desgracia )?",
    "увы": r"(?:к сожалению |к моему сожалению |увы )?",
}

_WITHDRAWS = (
    # English
    r"i (?:<P> )?<sadly>(?:cannot|can not|can t|cant|can no longer|will not|will no longer|won t|shall not"
    r"|am <sadly>(?:not able|no longer able|unable) to|(?:will|shall) <sadly>(?:not|no longer) be able to|won t be "
    r"able to"
    r"|will <sadly>be unable to|am not going to) <attend>(?: after all| any ?more| any longer| in the end)?",
    r"i <sadly>(?:will not be|will no longer be|won t be|am not|am no longer) <attending>(?: after all| any ?more)?",
    r"it (?:(?:is|will be) impossible|(?:is|will) (?:not|no longer) (?:be )?possible) for me to <attend>",
    r"i (?:<P> )?<sadly>(?:have to|must|need to|wish to|want to|would like to|d like to|have decided to|am obliged to"
    r"|am forced to|hereby|am writing to|write to|have no choice but to)? ?<sadly>(?:<cancel> <registration>"
    r"|withdraw(?: from <event>)?|(?:unregister|deregister)(?: from <event>)?)",
    r"i am (?:hereby )?(?:cancell?ing <registration>|withdrawing(?: <registration>| from <event>)?)",
    r"(?:please |kindly |i (?:would )?(?:kindly )?(?:ask|request) you to )?(?:<cancel>|delete|remove) <registration>",
    r"(?:please|kindly|i (?:kindly )?(?:ask|request) you to) (?:(?:unregister|deregister) me(?: from <event>)?"
    r"|(?:remove|delete|strike) (?:me|my name) from the (?:list|roster)"
    r"(?: of (?:the )?(?:participants|delegates|attendees|registrants))?|(?:consider|treat|regard) <registration> "
    r"(?:as "
    r")?<cancelled>"
    r"|accept my (?:withdrawal|cancellation)(?: from <event>)?)",
    r"i request (?:the )?cancellation of <registration>",
    r"<P> (?:<sadly>(?:cannot|can not|can no longer|will not|will no longer|won t|is <sadly>(?:not able|no longer able"
    r"|unable) to|will <sadly>(?:not|no longer) be able to|will <sadly>be unable to) <attend>"
    r"|(?:has to|must|wishes to|would like to|has decided to) <cancel> (?:<registration>|(?:his|her) (?:registration"
    r"|participation))"
    r"|(?:will not be|will no longer be|is not|is no longer) <attending>|withdraws(?: from <event>)?)",
    r"(?:please |kindly )<cancel> <P>(?: s)? (?:registration|participation)",
    # French
    r"je (?:<P> )?ne (?:peux|pourrai|pourrais|puis|vais) <helas>(?:pas|plus)(?: pouvoir)? <helas><attend>",
    r"je ne (?:suis|serai) <helas>(?:pas|plus) (?:en mesure (?:de|d)|a meme (?:de|d)) <attend>",
    r"je (?:n y |n |ne )(?:assisterai|participerai|viendrai|prendrai) <helas>(?:pas|plus|pas part|plus part)(?: "
    r"<event>)?",
    r"je (?:regrette|suis (?:au regret|(?:vraiment |tres )?desolee?)) de ne (?:pas |plus )?(?:pas )?pouvoir <attend>",
    r"je ne serai <helas>(?:pas|plus) (?:presente?|des votres)(?: <event>)?",
    r"je (?:suis|me trouve|me vois) <helas>(?:dans l (?:impossibilite|incapacite) (?:de|d)|empechee? (?:de|d)) "
    r"<attend>",
    r"il (?:m est|me sera|m est <helas>|me sera <helas>)impossible (?:de|d) <attend>"
    r"|il m est <helas>impossible (?:de|d) <attend>|il ne (?:m est|me sera) <helas>(?:pas|plus) possible (?:de|d) "
    r"<attend>",
    r"j annule <helas>(?:par la presente )?<registration>|je retire <registration>",
    r"(?:je (?:dois|souhaite|souhaiterais|voudrais|veux|desire|tiens a|prefere)|j aimerais|j ai (?:decide|le regret) d"
    r"|je (?:suis|me vois) (?:contrainte?|obligee?|forcee?|dans l obligation|au regret) d) ?<helas>"
    r"(?:annuler|retirer) <registration>",
    r"(?:je (?:dois|souhaite|souhaiterais|voudrais|veux|tiens a)|j ai decide de|je suis (?:contrainte?|obligee?) de) "
    r"<helas>(?:me (?:desister|desinscrire|retirer)|renoncer a (?:<registration>|<attend>))",
    r"je me (?:desiste|desinscris)(?: de <event>)?|je renonce a (?:<registration>|<attend>)",
    r"(?:merci|veuillez|je vous prie|priere|je vous demande|je vous remercie|je vous saurais gre|svp|s il vous plait) ?"
    r"(?:de |d )?(?:bien vouloir )?(?:(?:annuler|supprimer|retirer) <registration>|me (?:desinscrire|retirer de la "
    r"liste"
    r"(?: des (?:participants|inscrits))?)|considerer <registration> comme (?:annulee|nulle)|(?:prendre (?:bonne )?note"
    r"|noter)"
    r" (?:de )?(?:mon desistement|l annulation de <registration>))",
    r"je vous (?:informe|fais part) de mon desistement",
    r"<P> (?:ne (?:peut|pourra) <helas>(?:pas|plus) <attend>|ne (?:viendra|participera) <helas>(?:pas|plus)(?: "
    r"<event>)?"
    r"|n assistera <helas>(?:pas|plus)(?: <event>)?|est <helas>(?:dans l impossibilite|empechee?) (?:de|d) <attend>)",
    # Spanish
    r"(?:yo )?<lamento>(?:ya )?no (?:podre|puedo|voy a poder|me (?:es|sera) posible|estoy en condiciones de) <attend>",
    r"(?:yo )?<lamento>(?:ya )?no (?:asistire|participare|acudire|ire|voy a <attend>)(?: <event>)?",
    r"<lamento>me (?:es|sera|resulta) imposible <attend>",
    r"(?:por la presente )?(?:cancelo|anulo|retiro) <registration>|me retiro (?:de <event>|del? <event>)|"
    r"renuncio a (?:<registration>|<attend>)",
    r"<lamento>(?:deseo|quiero|quisiera|debo|tengo que|necesito|he decidido|me veo obligad[oa] a|me gustaria)"
    r" <lamento>(?:(?:cancelar|anular|retirar) <registration>|renunciar a (?:<registration>|<attend>)"
    r"|darme de baja(?: <event>)?)",
    r"(?:por favor |favor de |le ruego |les ruego |le pido |les pido |le solicito |les solicito |sirvase |sirvanse "
    r"|ruego )"
    r"(?:que )?(?:cancelen?|anulen?|cancelar|anular|eliminen?|eliminar|den de baja|retiren?) <registration>",
    r"(?:cancelen|anulen) <registration>(?: por favor)?|(?:por favor )?den?me de baja(?: <event>)?",
    r"solicito (?:la )?(?:cancelacion|anulacion|baja) de <registration>",
    r"(?:la |el )?<P> (?:ya )?no (?:podra|puede) <attend>|<P> (?:ya )?no (?:asistira|participara|acudira)(?: <event>)?",
    # Russian
    r"(?:я )?(?:<P> )?<увы>(?:я )?(?:больше )?не (?:смогу|могу) <attend>",
    r"(?:я )?<увы>(?:я )?не (?:приеду|приду|буду (?:участвовать|присутствовать))(?: <event>)?",
    r"(?:я )?<увы>(?:вынужден[а]? |хочу |хотел[а]? бы |решил[а]? |должен |должна |намерен[а]? )"
    r"(?:(?:отменить|аннулировать|отозвать) <registration>|отказаться от (?:участия|регистрации)(?: <event>)?)",
    r"(?:я )?<увы>(?:отменяю|аннулирую|отзываю) <registration>|(?:я )?отказываюсь от участия(?: <event>)?",
    r"(?:прошу(?: вас)?|просьба) (?:(?:отменить|аннулировать|отозвать|удалить|снять) <registration>"
    r"|снять меня с регистрации|(?:исключить|удалить) меня из (?:списка|числа) участников)",
    r"(?:пожалуйста )?(?:отмените|аннулируйте|удалите) <registration>(?: пожалуйста)?|пожалуйста снимите меня с "
    r"регистрации",
    r"<P> не (?:сможет|может) <attend>|<P> не (?:приедет|придет|будет (?:участвовать|присутствовать))(?: <event>)?",
    # Chinese
    r"(?:我|本人)?(?:<P>)?(?:很遗憾|非常遗憾|遗憾|抱歉)?(?:我|本人)?(?:<because>)?(?:我|本人)?(?:将|已|确实|实在)?(?:无法|不能够|不能|没办法|不再"
    r"|不)<attend>了?",
    r"(?:我|本人)(?:<because>)?(?:不能|无法|不)(?:来|去)了",
    r"(?:请|烦请|敬请|麻烦)(?:您|贵方)?(?:帮我|为我|予以|协助)?取消<registration>",
    r"(?:我|本人)(?:<because>)?(?:想要|想|要|希望|决定|申请|需要|不得不|只能|特此|现)?取消<registration>",
    r"(?:我|本人)(?:决定|要|申请|想|现)?退出<event>",
    r"<P>(?:因<because>)?(?:将)?(?:无法|不能|不再)<attend>了?",
    # Arabic
    r"(?:للاسف |مع الاسف )?(?:لن اتمكن|لا اتمكن|لم اعد اتمكن|لن استطيع|لا استطيع|لم اعد استطيع|لا يمكنني|لن يمكنني)(?: "
    r"من)? <attend>",
    r"(?:للاسف |مع الاسف )?لن (?:احضر|اشارك)(?: <event>)?",
    r"(?:يوسفني ان )?اعتذر (?:لكم )?عن (?:عدم )?<attend>",
    r"(?:يتعذر|تعذر) علي <attend>",
    r"(?:ارجو(?: منكم)?|يرجي|الرجاء|اطلب(?: منكم)?|اود|اريد|ارغب في|التمس|قررت|اضطررت الي) (?:التكرم ب ?)?الغاء "
    r"<registration>",
    r"(?:اود|اريد|قررت|ارغب في) (?:الانسحاب|سحب <registration>)(?: من <event>)?|انسحب من <event>",
    r"<P> لن (?:يتمكن|تتمكن) من <attend>|(?:لن (?:يتمكن|تتمكن)) <P> من <attend>",
)

_SAYS_NO_MORE = (
    # English
    r"(?:hello|hi|good (?:morning|afternoon|day)|dear (?:sirs?|madam|all|colleagues?|organi[sz]ers?|team|secretariat))"
    r"(?: (?:or|and) (?:madam|sirs?))?",
    r"unfortunately|regrettably|sadly|with (?:great |much |deep )?regret|to my (?:great )?regret|for your information",
    r"and|so|therefore|thus|hence|because|as|since|but|please|kindly|that|it is with (?:great |deep )?regret that",
    r"i (?:very much |deeply |sincerely |truly |really )?regret(?: to (?:inform|tell|advise) you)?(?: that)?",
    r"i am (?:very |so |really |truly |deeply |terribly )?sorry(?: to (?:inform|tell) you| to say)?(?: that| but|"
    r" about (?:this|that))?<inconvenience>|(?:very |so )?sorry<inconvenience>|i am afraid(?: that)?",
    r"i (?:sincerely )?apologi[sz]e<inconvenience>|(?:with )?(?:my )?(?:sincere )?apologies<inconvenience>"
    r"|please accept my (?:sincere |deepest )?apologies<inconvenience>",
    r"(?:i am writing|i write|this is|i have|i would like|i wish|i want|i must|i need)(?: to)? "
    r"(?:inform|tell|advise|notify) you(?: that)?|(?:please|kindly) (?:note|be (?:informed|advised))(?: that)?",
    r"<because>|i (?:am|have fallen|have become|fell) (?:ill|sick|unwell)"
    r"|(?:something|an emergency)(?: urgent| unexpected)?(?: has)? (?:<attend>|came) up",
    r"(?:many |very many )?thanks(?: again| in advance| a lot)?<for_it>"
    r"|thank you(?: again| in advance| very much| so much| kindly)?<for_it>|i appreciate your understanding"
    r"|i hope (?:for your understanding|you (?:will )?understand)",
    r"i wish (?:you|<event>)(?: all| a| every| much| very| great| best| most| the)*(?: success(?:ful)?| best| fruitful"
    r"| good"
    r"| interesting| productive)(?: <event>)?(?: (?:with|for|at|in) <event>)?",
    r"i hope to (?:<attend>|see you)(?: in)?(?: the)? (?:next (?:time|year|one|edition|<event>)|another (?:time"
    r"|occasion)"
    r"|future)|hopefully next time",
    r"(?:please |kindly )(?:confirm|acknowledge)(?: (?:the |my )?(?:cancellation|withdrawal|receipt))?"
    r"(?: of this (?:e ?mail|message))?",
    r"(?:with )?(?:my )?(?:best|kind|warm|kindest)? ?regards|best wishes|yours (?:sincerely|faithfully|truly)"
    r"|sincerely",
    # French
    r"bonjour|bonsoir|madame|monsieur|mesdames|messieurs|cher(?:s|e|es)? (?:collegues?|madame|monsieur|amis)",
    r"malheureusement|helas|a mon (?:grand )?regret|avec (?:beaucoup de )?regret|et|donc|ainsi|car|mais|que|par "
    r"consequent"
    r"|c est pourquoi|svp|s il vous plait",
    r"je (?:suis (?:vraiment |tres )?(?:desolee?|navree?)|regrette|suis au regret|tiens|souhaite|dois|viens|vous ecris "
    r"pour"
    r"|vous)? ?(?:a |de |d |par la presente )?(?:vous )?(?:informer?|annoncer?|signaler?|faire savoir|dire)(?: que)?"
    r"|j ai le regret de vous (?:informer|annoncer|faire savoir)(?: que)?|je regrette(?: vivement)?",
    r"(?:je suis )?(?:vraiment |tres |sincerement )?(?:desolee?|navree?)(?: (?:pour|de) (?:le |la |ce |cette |l |tout "
    r")?"
    r"(?:derangement|contretemps|gene|desagrement|inconvenient)(?: occasionnee?)?)?",
    r"<because>|j ai un (?:empechement|contretemps|imprevu)|un (?:empechement|contretemps|imprevu)(?: de derniere "
    r"minute)?"
    r"|je suis (?:malade|souffrante?)",
    r"(?:je vous )?(?:merci|remercie)(?: beaucoup| encore| d avance| par avance| vivement| bien)*(?: (?:de|pour) "
    r"(?:votre|l"
    r"|la|cette|le) ?(?:comprehension|invitation|confirmation|message|reponse|courriel|aide|attention|organisation))?",
    r"(?:avec )?(?:toutes )?mes (?:sinceres )?excuses|veuillez (?:m excuser|accepter mes excuses)|je m en excuse"
    r"|je vous prie de (?:m excuser|m en excuser|bien vouloir m excuser|prendre note que|noter que)"
    r"|veuillez (?:prendre note|noter) que",
    r"je vous souhaite (?:un|une|plein|beaucoup|tout|le)(?: (?:plein|bon|bonne|tres|excellent|excellente|de|d|grand"
    r"|meilleur))* (?:succes|<event>|reussite)(?: <event>)?",
    r"(?:bien )?cordialement|bien a vous|(?:meilleures |sinceres )?salutations(?: distinguees)?|respectueusement",
    # Spanish
    r"hola|buenos dias|buenas tardes|estimad[oa]s?(?: (?:senor(?:es|a|as)?|colegas|amigos))?",
    r"lamentablemente|desafortunadamente|desgraciadamente|por desgracia|y|por lo tanto|por eso|asi que|pero|que|ya que"
    r"|porque|por favor|con (?:gran |mucho )?pesar",
    r"(?:lamento|siento|lamento mucho|siento mucho|me permito|quiero|quisiera|deseo|debo|tengo que)"
    r"(?: tener que)? (?:informar|comunicar|decir)(?:le|les|te)?(?: de)?(?: que)?|(?:les?|le) (?:informo|comunico"
    r"|escribo"
    r" para (?:informarles?|comunicarles?))(?: de)?(?: que)?|lo (?:siento|lamento)(?: mucho)?",
    r"<because>|estoy enferm[oa]|me ha surgido un (?:imprevisto|compromiso)(?: urgente)?",
    r"(?:muchas |mil )?gracias(?: de antemano| de nuevo)?(?: por (?:su|la|el|todo) ?(?:comprension|invitacion"
    r"|confirmacion"
    r"|mensaje|respuesta|correo|ayuda|atencion))?|(?:les |le )?agradezco (?:su|la) (?:comprension|invitacion|atencion)",
    r"(?:mis |con mis )?(?:sinceras )?disculpas(?: por (?:las molestias|los inconvenientes|el inconveniente))?"
    r"|disculpen?(?: las molestias| los inconvenientes)?|(?:les |le )?pido disculpas(?: por las molestias)?",
    r"(?:les|le) deseo (?:mucho |un gran |todo el )?exito(?: <event>)?",
    r"(?:cordiales |un cordial |atentos )?saludos?(?: cordial(?:es)?)?|atentamente|cordialmente",
    # Russian
    r"здравствуйте|добрый (?:день|вечер)|доброе утро|уважаем(?:ые|ый|ая)(?: (?:коллеги|господа|организаторы))?",
    r"к (?:моему )?(?:большому )?сожалению|увы|и|поэтому|но|что|так как|потому что|пожалуйста|в связи с этим|с "
    r"сожалением",
    r"(?:с сожалением )?(?:сообщаю|информирую|уведомляю)(?: вам| вас)?(?: о том)?(?: что)?"
    r"|(?:хочу|вынужден[а]?|должен|должна) (?:вам )?(?:сообщить|уведомить)(?: вам| вас)?(?: что)?|(?:очень "
    r")?сожалею(?: что)?",
    r"<because>|я (?:заболел|заболела|болен|больна)",
    r"(?:большое |заранее )?(?:спасибо|благодарю)(?: вас)?(?: заранее)?(?: за (?:понимание|приглашение|подтверждение"
    r"|письмо"
    r"|ответ|помощь|внимание))?|(?:заранее )?благодарен|надеюсь на (?:ваше )?понимание",
    r"(?:приношу |прошу )?(?:свои |мои |искренние )*(?:извинения|извините|простите|прощения|прошу прощения)"
    r"(?: за (?:неудобства|беспокойство|причиненные неудобства|доставленные неудобства))?",
    r"(?:желаю|желаем) (?:вам )?(?:успехов?|удачи|успешного (?:проведения )?<event>)",
    r"с уважением|всего (?:доброго|хорошего)|с наилучшими пожеланиями",
    # Chinese
    r"(?:您好|你好|尊敬的(?:先生|女士|各位|主办方|会务组|组委会|老师|同事|先生女士)+|各位好|敬启者)",
    r"(?:很遗憾地?|非常遗憾|遗憾的是|非常抱歉|很抱歉|十分抱歉|抱歉|不好意思|对不起)(?:地?(?:通知|告知)(?:您|你们|贵方))?",
    r"(?:我|本人)?<because>|(?:特此|谨此)?(?:告知|通知|说明)|因此|所以|故|特此",
    r"(?:非常|十分|多谢|感谢|谢谢|多谢)+(?:您|你们|贵方)?(?:的)?(?:理解|邀请|支持|谅解|确认|来信|帮助|和|与|的)*",
    r"(?:由此|因此|对此|为此)?(?:给您|给你们|给贵方|给您们)?(?:带来|造成)(?:的|了)?不便?(?:之处)?(?:敬请|请|深表|表示|非常|深感)*(?:谅解|见谅|歉意|抱歉|原谅)?",
    r"(?:敬请|请|望|恳请)(?:您)?(?:谅解|见谅|理解|原谅|知悉|查收|海涵)|预祝(?:<event>)?(?:圆满)?(?:成功|顺利)|祝(?:<event>)?(?:圆满)?(?:成功|顺利)|祝好|顺祝商祺"
    r"|深表歉意|深感抱歉",
    # Arabic
    r"(?:السلام عليكم(?: ورحمه الله(?: وبركاته)?)?|مرحبا|تحيه طيبه(?: وبعد)?|صباح الخير|مساء الخير|السيدات والساده"
    r"|(?:الساده|الاخوه) (?:الكرام|المحترمون|المحترمين)|وبعد)",
    r"للاسف(?: الشديد)?|مع الاسف(?: الشديد)?|(?:و|ف)?(?:لذلك|لذا|عليه|انني|اني|انه|بان|ان)|مع (?:خالص|بالغ) الاسف",
    r"(?:يوسفني|اود|احيطكم علما|ارجو العلم|نود)(?: ان)?(?: (?:ابلغكم|اعلمكم|اخبركم|احيطكم علما|ابلاغكم|اعلامكم))?"
    r"(?: (?:بانني|بانه|ب?اني|انني|بان|انه))?",
    r"<because>|انا مريضه?",
    r"(?:شكرا|اشكركم|شاكرا|شاكره|جزيل الشكر)(?: جزيلا| لكم| مقدما)*(?: (?:علي|ل) ?(?:تفهمكم|دعوتكم|التاكيد|حسن تعاونكم"
    r"|الدعوه|تعاونكم))?",
    r"(?:(?:مع|اقدم|ارجو قبول|تقبلوا) )?(?:خالص |بالغ )?(?:اعتذاري|اعتذاراتي|العذر|عذرا|المعذره|اسف|اسفه)(?: عن "
    r"(?:الازعاج"
    r"|اي ازعاج))?|(?:اتمني|ارجو) لكم (?:التوفيق|النجاح)(?: والنجاح| والتوفيق)?|مع (?:تحياتي|اطيب التحيات|الشكر)",
)

_SUBJECTS = (
    r"(?:cancell?ation|withdrawal)(?: of (?:<registration>|registration|participation))?(?: from| for| to)?",
    r"cancel (?:<registration>|registration|participation)|regrets|apologies",
    r"(?:annulation|desistement|retrait)(?: (?:de |d )?(?:<registration>|inscription|participation))?",
    r"(?:cancelacion|anulacion|baja)(?: de (?:<registration>|inscripcion|participacion|registro))?",
    r"(?:отмена|аннулирование) регистрации|отказ от участия(?: в)?",
    r"取消<registration>|撤销(?:报名|注册|登记)|(?:无法|不能)<attend>",
    r"الغاء (?:<registration>|<attend>)|اعتذار(?: عن (?:عدم )?<attend>)?|انسحاب",
)

_PAPER = (
    r"(?:(?:my|our|this|that|the|ma|notre|la|cette|mon|ce|le|mi|nuestra|esta|nuestro|el|este) (?:above )?)?"
    r"(?:contribution|paper|document|contribucion|documento)(?: (?:number )?<P>)?(?: (?:(?:to|from|for) )?<event>)?",
    r"(?:(?:мой|наш|свой|этот|данный) )?(?:вклад|документ)(?: <P>)?(?: <event>)?",
    r"(?:我们的|我方的?|我的|本|该|此)?(?:文稿|稿件|提案|文件)(?:<P>)?",
    r"(?:مساهمتنا|مساهمتي|هذه المساهمه|المساهمه|هذه الوثيقه|الوثيقه|وثيقتنا)(?: <P>)?(?: <event>)?",
)
_WITHDRAWS_PAPER = (
    r"(?:we|i) (?:hereby )?(?:(?:would like|wish|want|have decided|have|ask you|request you) to |must )?"
    r"(?:withdraw|retract) <paper>",
    r"(?:please|kindly) (?:withdraw|retract) <paper>|<paper> (?:is|has been) (?:hereby )?(?:withdrawn|retracted)",
    r"(?:please|kindly) (?:consider|regard|treat) <paper> (?:as )?withdrawn",
    r"(?:nous (?:retirons|(?:souhaitons|voudrions|voulons|desirons|devons) retirer|avons decide de retirer)"
    r"|je (?:retire|souhaite retirer|voudrais retirer|dois retirer)) <paper>",
    r"(?:merci de|veuillez|nous vous prions de|je vous prie de) (?:bien vouloir )?retirer <paper>|<paper> est retiree?",
    r"(?:retiramos|retiro|(?:deseamos|deseo|queremos|quiero|debemos|hemos decidido) retirar) <paper>",
    r"(?:por favor |(?:les?|le) rogamos |rogamos )(?:que )?(?:retiren?|retirar) <paper>",
    r"(?:мы |я )?(?:отзываем|отзываю|снимаем|снимаю|(?:хотим|хотели бы|вынуждены|решили) (?:отозвать|снять)) <paper>",
    r"(?:просим|прошу)(?: вас)? (?:отозвать|снять) <paper>",
    r"(?:我们|我方|我)?(?:决定|希望|想|要|特此|现)?(?:撤回|撤销)<paper>|(?:请|烦请)(?:予以)?(?:撤回|撤销)<paper>",
    r"(?:نسحب|اسحب|(?:نود|اود|نرغب في|قررنا) سحب) <paper>|(?:يرجي|نرجو|الرجاء) سحب <paper>",
)
_SAYS_NO_MORE_OF_PAPERS = (
    r"we (?:very much |deeply |sincerely )?regret(?: to (?:inform|tell|advise) you)?(?: that)?"
    r"|we (?:hereby )?(?:inform|notify) you that",
    r"we (?:sincerely )?apologi[sz]e<inconvenience>|we are sorry<inconvenience>",
    r"nous (?:avons le regret de|souhaitons|tenons a) vous informer que|nous vous informons que|avec nos excuses",
    r"lamentamos informarles? que|les? informamos(?: de)? que|disculpen las molestias",
    r"сообщаем(?: вам)?(?: о том)? что|настоящим|兹|谨|特此通知",
    r"نود ابلاغكم(?: بان)?|نحيطكم علما بان|نفيدكم بان",
)


def _patterns(phrases: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    """Each ends with a word; nothing stands between words in Chinese."""
    end = r"(?:(?=\s|\Z)|(?<=[\u2e80-\ufdd3]))"
    return tuple(re.compile(rf"و?(?:{_spelled_out(phrase)}){end}") for phrase in phrases)


@cache
def _shortening() -> Sequence[tuple[re.Pattern[str], str]]:
    start, end = (rf"(?{ahead}[^\W\u2e80-\u9fff])" for ahead in ("<!", "!"))
    return [
        (re.compile(rf"{start}(?:{_spelled_out(phrase)}){end}"), _SIGNS[name])
        for name, phrases in _IN_SHORT
        for phrase in phrases
    ]


def in_short(said: str) -> str:
    """With signs for what may be said in many words."""
    for pattern, sign in _shortening():
        said = pattern.sub(sign, said)
    return said


def _spelled_out(phrase: str) -> str:
    """As `plain` leaves letters."""
    for name, meant in {**_WORDS, **_SIGNS}.items():
        phrase = phrase.replace(f"<{name}>", meant)
    return _without_accents(phrase)


def _without_accents(phrase: str) -> str:
    letters = unicodedata.normalize("NFD", phrase)
    return "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")


@cache
def withdrawing() -> tuple[re.Pattern[str], ...]:
    return _patterns(_WITHDRAWS)


@cache
def saying_no_more() -> tuple[re.Pattern[str], ...]:
    return _patterns(_SAYS_NO_MORE)


@cache
def papers() -> tuple[re.Pattern[str], ...]:
    start, end = (rf"(?{ahead}[^\W\u2e80-\u9fff])" for ahead in ("<!", "!"))
    return tuple(re.compile(rf"{start}(?:{_spelled_out(phrase)}){end}") for phrase in _PAPER)


@cache
def withdrawing_papers() -> tuple[re.Pattern[str], ...]:
    return _patterns(_WITHDRAWS_PAPER)


@cache
def saying_no_more_of_papers() -> tuple[re.Pattern[str], ...]:
    return _patterns((*_SAYS_NO_MORE, *_SAYS_NO_MORE_OF_PAPERS))


@cache
def subjects() -> tuple[re.Pattern[str], ...]:
    return _patterns(_SUBJECTS)


SPEAKS = re.compile(
    _without_accents(
        r"\b(?:i|we|he|she|they|our|will|shall|would|cannot|could|might|must|not|but|if|please|kindly|instead|only|next"
        r"|replac\w*|substitut\w*|cancel\w*|withdr\w*|attend\w*|com(?:e|es|ing)|particip\w*|joins?|joining|regist\w*"
        r"|send\w*|arriv\w*|see|seeing|meet|need\w*|colleagues?|except|hotel\w*|book\w*|visa|in (?:my|his|her) "
        r"(?:place|stead)"
        r"|p ?s)\b"
        r"|\b(?:je|j|il|elle|nous|ne|mais|sera|seront|serai|viendr\w*|assist(?!ante?s?\b)\w*|inscri\w*|annul\w*"
        r"|remplac\w*"
        r"|collegues?|a ma place|yo|pero|ira|asist(?!entes?\b)\w*|acudir\w*|anul\w*|reemplaz\w*|sustitu\w*|companer\w*"
        r"|colegas?|podra\w*|pued\w*|vendra\w*|en mi lugar)\b"
        r"|\b(?:я|мы|он|она|не|но|если|приед\w*|буд\w+|участв\w+|прошу|замен\w*|вместо|коллег\w*|отмен\w*|зарегистр\w*"
        r"|смо[жг]\w*|могу)\b"
        r"|我|他|她|请|但|不|没|来|代替|代为|改由|同事|参加|取消|注册|报名|如果|将"
        r"|\b(?:لكن|سوف|لا|لن|لم|اذا|انا|نحن|هو|هي|ارجو|يرجي|الرجاء|و?س?[يت]حضر|و?س?[يت]شارك|زميل\w*|بدلا?|نيابه|الغاء"
        r"|تسجيل\w*)\b"
    )
)
"""What a greeting, a closing or a signature block has no word of."""
