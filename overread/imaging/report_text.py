# ruff: noqa: RUF001 - Chinese punctuation is what is meant
"""Rule R08: which class does a signed report's text state? Chinese and English; never overrules a reader."""

import re
from dataclasses import dataclass

from overread.domain.findings import Label


@dataclass(frozen=True, kw_only=True, slots=True)
class TextClass:
    """What a report says: its label (None without an impression), by which rule, from which words."""

    label: Label | None
    rule: str
    span: str = ""
    uncertain: bool = False


_SENTENCE = re.compile(r"[。；;\n]|\.(?=\s|$)")
_NUMBER = re.compile(r"(?:^|(?<=[。；;\n]))\s*\d{1,2}\s*[.、)]\s*")
_NEGATION = re.compile(
    r"未见|未显示|未发现|未及|无|排除"
    r"|\b(?:no|not|without|negative for|free of|absence of|ruled out|resolved)\b",
    re.IGNORECASE,
)
# a new assertion after a comma ends a negation before the sentence does
_TURN = re.compile(
    r"[，,]\s*(?:但|可见|见|伴|示|余|but\b|however\b|there (?:is|are)\b|with\b)", re.IGNORECASE
)
_HEDGE = re.compile(
    r"可能|待排|待查|建议复查|建议进一步|考虑|不除外|\?|？"
    r"|\b(?:possibl[ey]|probabl[ey]|may (?:be|represent)|might|suspicious|suspected|cannot (?:be )?exclude\w*"
    r"|not excluded|recommend\w*|suggest(?:ed)? follow|follow[- ]?up)\b",
    re.IGNORECASE,
)
_FINDING = re.compile(
    r"索条|条索|纤维灶|钙化|饱满|增大|结突出|影突出|轻度突出|肺门影(?:稍|略)?(?:增)?(?:重|浓|大(?!小))"
    r"|纹理(?:轻度|稍|略|明显)?(?:增多|增粗|增强|紊乱)"
    r"|叉状肋|肋骨变异|结节|占位|肿块|结核|渗出|实变|斑片|炎症|感染|肺炎|肺气肿|不张|陈旧|气胸|积液|水肿|心衰"
    r"|增厚|增宽|抬高|侧弯|横突过长|萎陷|骨折|间位结肠|结石|起搏器|PICC|置管|导管|输液港|支架|术后|变钝"
    r"|粘连"
    r"|\b(?:strands?|scar(?:ring)?|fibrosis|calcif\w+|granuloma\w*|full (?:cardiac|heart)|fullness"
    r"|enlarge(?:d|ment)|cardiomegaly|prominent|prominence|heavy"
    r"|increased (?:lung |interstitial |vascular )?markings|bifid|nodul\w+|mass(?:es)?|tubercul\w+"
    r"|infiltrat\w+|exudat\w+|consolidat\w+|opacit(?:y|ies)|pneumonia|emphysema\w*|hyperinflat\w+"
    r"|atelecta\w+|pneumothorax|effusions?|o?edema|congestion|thickening|widen(?:ed|ing)|elevated"
    r"|scoliosis|fractures?|gallstones?|pacemaker|picc|(?:central|venous) (?:line|catheter)|catheter"
    r"|port|stents?|clips|post-?operative|mastectomy|sternotomy|blunt(?:ed|ing)|old lesion"
    r"|degenerative)\b",
    re.IGNORECASE,
)
_NORMAL_IMPRESSION = re.compile(
    r"(?:(?:双肺|两肺)[、，及]?心?[、，及]?膈?|心[、，]?肺[、，]?膈?|肺[、，]?心[、，]?膈)"
    r"(?:未见异常|未见明显异常|未见明确异常|无异常)"
    r"|no (?:acute |active |significant )*(?:cardiopulmonary |cardiothoracic |pulmonary |chest )?"
    r"(?:abnormalit(?:y|ies)|disease|process|findings?)(?: of the lungs, heart (?:or|and) diaphragm)?"
    r"(?: (?:is |are )?(?:seen|identified))?"
    r"|(?:normal|unremarkable) chest(?: radiograph| x-?ray)?|(?:the )?lungs are clear",
    re.IGNORECASE,
)
_CLEAR_LUNGS = re.compile(r"(?:双|两)肺野?清晰|\blungs (?:are|remain) clear|\bclear lungs", re.IGNORECASE)


def classify(findings: str, impression: str) -> TextClass:
    """Return the class a report's findings and impression texts state.

    `no_finding` needs both: no finding asserted anywhere, and an impression that is a known normal phrase, or
    that only denies diseases beside findings that state clear lungs. All else is `has_finding`; a hedge makes
    it uncertain.
    """
    sentences = _sentences(impression)
    if not sentences:
        return TextClass(label=None, rule="R08.no-impression")
    for text in (impression, findings):
        hedge = _HEDGE.search(text)
        if hedge:
            return TextClass(label=Label.HAS_FINDING, rule="R08.hedge", span=hedge.group(), uncertain=True)
    for text in (impression, findings):
        asserted = _asserted(text)
        if asserted:
            return TextClass(label=Label.HAS_FINDING, rule="R08.finding", span=asserted)
    other = next((each for each in sentences if not _NORMAL_IMPRESSION.fullmatch(each)), None)
    if other is None:
        return TextClass(label=Label.NO_FINDING, rule="R08.normal", span=sentences[0])
    clear = _CLEAR_LUNGS.search(findings)
    if clear and all(_NEGATION.match(each) or _NORMAL_IMPRESSION.fullmatch(each) for each in sentences):
        return TextClass(label=Label.NO_FINDING, rule="R08.only-denied", span=clear.group())
    return TextClass(label=Label.HAS_FINDING, rule="R08.other", span=other)


def _sentences(text: str) -> list[str]:
    """Split at full stops and semicolons, without numbering and outer blanks."""
    stripped = (each.strip(" ，,、\t\r") for each in _SENTENCE.split(_NUMBER.sub("", text)))
    return [each for each in stripped if each]


def _asserted(text: str) -> str:
    """Return the first finding named outside the scope of a negation, or nothing."""
    for sentence in _SENTENCE.split(text):
        scopes = list(_denied(sentence))
        for found in _FINDING.finditer(sentence):
            if not any(start <= found.start() < end for start, end in scopes):
                return found.group()
    return ""


def _denied(sentence: str) -> list[tuple[int, int]]:
    """Return the stretches a negation governs: from its word to the next assertion or the end."""
    scopes = []
    for negation in _NEGATION.finditer(sentence):
        turn = _TURN.search(sentence, negation.end())
        scopes.append((negation.start(), turn.start() if turn else len(sentence)))
    return scopes
