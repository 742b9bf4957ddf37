"""The words around numbers, in English and Chinese, and what each says of the numbers after it."""

import re
from functools import cache

# what a word says: the kind of number that follows, or how what follows is joined
WORDS: dict[str, str] = {
    "lot": r"""
        (?:component|supplier|raw\ material|incoming|affected)?\s*
        (?:lots?|batch(?:es)?)(?:\s*/\s*batch)?
        (?:\s+(?:numbers?|codes?|nos?\.?))?(?:\s*\#)? |
        (?:供应商|来料|组件|生产|物料)?批(?:号|次号|次)
    """,
    "serial": r"""
        serials?(?:\s*(?:numbers?|nos?\.?))?(?:\s*\#)? | s/ns?\.? | sns?(?:\s*\#)? |
        (?:设备|产品)?序列号 | 机身号 | 出厂编号
    """,
    "part": r"""
        (?:part|catalog(?:ue)?|item|product|material)\s+(?:numbers?|codes?|nos?\.?) | parts? |
        p/ns?\.? | pns? | ref\.? | models?(?:\s+(?:numbers?|nos?\.?))? |
        (?:物料|产品|部件|零件)(?:编号|编码|号|代码) | 料号 | 货号 | 型号
    """,
    "di": r"""
        udi(?:[-\s]dis?|[-\s]pis?)?(?:\s+(?:numbers?|codes?))? | gtins? | device\ identifiers? |
        (?:医疗器械)?唯一标识 | 产品标识
    """,
    "work_order": r"""
        work\s*orders? | w/?o\.? | production\s+orders? | job\s+(?:orders?|numbers?) |
        (?:生产)?工单(?:号)? | 生产订单(?:号)?
    """,
    "expiry": r"""
        exp(?:\.|iry|ires|iring|iration)?(?:\s*(?:dates?|on))? | use[-\s]by(?:\s+dates?)? |
        有效期(?:至|限)? | 失效(?:日期|期)? | 到期日
    """,
    "site": r"""
        (?:made|manufactured|produced|built)\s+(?:at|on|in)(?:\s+(?:site|line))? | sites? |
        (?:production\s+)?lines? | 生产(?:地点|场地|线) | 产线 | 工厂 | 厂区
    """,
    "location": r"""
        locations? | places? | (?:stored|lying|lies|kept)\s+(?:at|in) | 库位 | 位置 | 存放于 | 地点
    """,
    "was_at": r"(?:is\ or\ )?(?:was|were|been)\s+at | 曾在 | 曾存放于",
    "shipped": r"""
        consignees? | customers? |
        (?:shipped|sent|delivered|distributed|sold)\s+to(?:\s+(?:consignees?|customers?))? |
        收货方 | 客户 | 发往 | 运往 | 发给
    """,
    "container": r"ssccs? | cartons? | pallets? | 箱号 | 托盘号?",
    "equipment": r"equipment | machines? | gau?ges? | instruments? | 设备 | 量具 | 机台 | 仪器",
    "operator": r"operators? | 操作(?:员|工|人员) | 作业员",
    "program": r"""
        (?:software|firmware|programs?|programmes?)(?:\s+(?:versions?|rev(?:ision)?\.?))? |
        (?:软件|程序|固件)(?:版本)?
    """,
    "label": r"labels?(?:\s+(?:versions?|rev(?:ision)?\.?))? | 标签(?:版本)?",
    "prefix": r"""
        (?:that\s+|which\s+)?(?:begin(?:s|ning)?|start(?:s|ing)?)\s+(?:with|by) | prefix(?:es)? |
        以 | 前缀(?:为)? | 开头为
    """,
    "and": r"and | & | plus | as\ well\ as | 以及 | 和 | 及 | 与 | 并且?",
    "or": r"or | 或者? ",
    "except": r"""
        except(?:\s+for)? | excepting | excluding | but\ not | other\ than | not\ including |
        除了? | 不含 | 不包括 | 排除
    """,
    "filler": r"""
        the | of | with | all | following | units? | devices? | products? | numbers? | nos?\.? |
        by | in | are | is | was | were | be | been | codes? | each | these | those | any | from |
        affected | includes? | including | only | made | manufactured | produced | built |
        开头 | 之间 | 以外 | 以下 | 之外 | 外 | 所有 | 全部 | 如下 | 受影响 |
        的 | 为 | 是 | 共 | 产品 | 单件
    """,
}
DATE = r"""(?:
    \d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T]\d{1,2}:\d{2})? |
    \d{4}年\d{1,2}月\d{1,2}日 |
    \d{1,2}[-/.]\d{1,2}[-/.]\d{4} |
    \d{1,2}(?:[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?[- ]\d{4}) |
    (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\ \d{1,2},?\ \d{4}
)"""
# a label often says no more of when something expires
MONTH = r"""(?:
    \d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?!\d) | \d{1,2}[-/.]\d{2}(?!\d) |
    \d{4}[-/.]\d{1,2} | \d{4}年\d{1,2}月 | \d{1,2}[-/.]\d{4} |
    (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?[- ]\d{4}
)"""
MADE = r"""(?:
    (?:made|manufactured|produced|built|assembled) |
    (?:date\ of\ manufacture|production\ dates?|manufactur(?:e|ing)\ dates?|mfg\.?\ dates?) |
    生产日期 | 制造日期 | 生产于 | 制造于 | 生产时间
)"""
WINDOW = rf"""(?:
    (?:between|from|自|从)?\s*(?P<first>{DATE})\s*
        (?:and|to|until|through|thru|-|–|—|~|～|至|到)\s*(?P<last>{DATE})(?:之间|期间)? |
    (?P<open_end>since|from|after|on\ or\ after|自|从)\s*(?P<since>{DATE})(?:以来|之后|起)? |
    (?P<open_start>before|until|up\ to|through|截至)\s*(?P<until>{DATE})(?:之前|以前)? |
    (?:on\s+)?(?P<day>{DATE})
)"""
_FLAGS = re.IGNORECASE | re.VERBOSE


@cache
def made_phrase() -> re.Pattern[str]:
    """Return what says when something was made, the words before the dates or after them."""
    before = rf"{MADE}\s*(?:dates?)?\s*[:：]?\s*{WINDOW}"
    return re.compile(rf"(?<![A-Za-z0-9]){before}(?![0-9])", _FLAGS)


@cache
def bare_window() -> re.Pattern[str]:
    """Return dates that say from when to when, with or without 生产 after them."""
    window = WINDOW.replace(r"(?:on\s+)?(?P<day>", r"on\s+(?P<day>")
    return re.compile(
        rf"(?<![A-Za-z0-9]){window}(?P<made>(?:之间|期间)?\s*(?:生产|制造)的?)?(?![0-9])", _FLAGS
    )


@cache
def expiry_date() -> re.Pattern[str]:
    """Return the date after a word for expiry."""
    return re.compile(rf"[ \t]*[.:：]?[ \t]*(?P<day>{DATE}|{MONTH})(?![-/.]?[0-9])", _FLAGS)


@cache
def keyword() -> re.Pattern[str]:
    """Return the words that say something; the group that matched names what."""
    groups = [f"(?P<{name}>{words})" for name, words in WORDS.items()]
    latin = r"(?<![A-Za-z0-9_.#-])(?=[A-Za-z&])"
    after = r"(?![A-Za-z0-9_/-]|\.[A-Za-z0-9])"
    chinese = r"(?=[\u4e00-\u9fff])"
    listed = "|".join(groups)
    return re.compile(
        rf"(?:{latin}(?:{listed}){after}|{chinese}(?:{_again(listed)}))\s*[:：]?", _FLAGS
    )


def _again(groups: str) -> str:
    """Rename the groups: a name may stand once in a pattern."""
    return groups.replace("(?P<", "(?P<zh_")


def said_by(match: re.Match[str]) -> str:
    """Return which of `WORDS` a match of `keyword` was."""
    return next(
        name.removeprefix("zh_") for name, found in match.groupdict().items() if found is not None
    )
