"""What the letters of the demo's recalls say, in every language they are sent in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

Words = Mapping[str, Any]

REPLY_WITHIN = timedelta(days=10)
FROM = {
    "en": {
        "manufacturer": "Fenwarden Infusion GmbH\nAm Mühlwehr 4, 07743 Jena, Germany",
        "contact_name": "Nora Byrne, customer service",
        "telephone": "+49 3641 555 0120",
        "email": "recall@fenwarden.example",
        "signatory": "Helen Ashworth, head of quality",
    },
    "de": {
        "manufacturer": "Fenwarden Infusion GmbH\nAm Mühlwehr 4, 07743 Jena, Deutschland",
        "contact_name": "Nora Byrne, Kundendienst",
        "telephone": "+49 3641 555 0120",
        "email": "recall@fenwarden.example",
        "signatory": "Helen Ashworth, Leiterin Qualität",
    },
    "zh": {
        "manufacturer": "芬沃登医疗技术（苏州）\n苏州工业园区澄湾路18号",
        "contact_name": "黄丽，仓储与过程检验",
        "telephone": "+86 512 5550 0120",
        "email": "recall@fenwarden.example",
        "signatory": "林雅琴，总经理、管理者代表",
    },
}
DRIFT: Mapping[str, Words] = {
    "en": {
        "headline": "Volumetric infusion pump V3: alarm at an occlusion may come late",
        "product": "Volumetric infusion pump V3, UDI-DI 09521000000103",
        "identification": "The serial number is on the label at the rear, below the UDI code.",
        "registration": "CE 741203; no SRN was issued yet",
        "what_happened": "Pressure sensors of one delivery drift after 200 hours of use.",
        "risk": "An occluded line is noticed late. A drug may not run, and a bolus may follow when "
        "the line opens. No harm is known.",
        "instructions": "Stop using the listed pumps where another is at hand.\n"
        "Put them in a locked place and mark them.\n"
        "Tell every ward that has one.\nReply for each of them.",
        "handling": "We replace the sensor free of charge, at your site or here.",
    },
    "de": {
        "headline": "Volumetrische Infusionspumpe V3: Alarm bei Verschluss möglicherweise zu spät",
        "product": "Volumetrische Infusionspumpe V3, UDI-DI 09521000000103",
        "identification": "Die Seriennummer steht auf dem Etikett an der Rückseite, unter dem "
        "UDI-Code.",
        "registration": "CE 741203; eine SRN wurde noch nicht erteilt",
        "what_happened": "Die Drucksensoren einer Lieferung driften nach 200 Betriebsstunden.",
        "risk": "Ein Verschluss der Leitung wird zu spät bemerkt. Ein Arzneimittel läuft "
        "möglicherweise nicht, und wenn sich die Leitung öffnet, kann ein Bolus folgen. Ein "
        "Schaden ist nicht bekannt.",
        "instructions": "Verwenden Sie die aufgeführten Pumpen nicht weiter, wenn eine andere zur "
        "Verfügung steht.\nVerschließen Sie sie an einem eigenen Ort und kennzeichnen Sie sie.\n"
        "Informieren Sie jede Station, die eine hat.\nAntworten Sie für jede von ihnen.",
        "handling": "Wir ersetzen den Sensor kostenlos, bei Ihnen oder bei uns.",
    },
    "zh": {
        "headline": "V3 容积式输液泵：管路阻塞报警可能延迟",
        "product": "V3 容积式输液泵，UDI-DI 09521000000103",
        "identification": "序列号印在背面标签上，位于 UDI 码下方。",
        "registration": "国械注进20263140117",
        "what_happened": "一批压力传感器使用 200 小时后出现漂移。",
        "risk": "管路阻塞时发现较晚，药液可能未输入，阻塞解除时可能出现推注。"
        "目前未知有人受到伤害。",
        "instructions": "有其他泵可用时，立即停止使用所列输液泵。\n单独上锁存放并标识。\n"
        "告知使用该泵的各病区。\n请逐台回复。",
        "handling": "免费更换传感器，可在贵院或我公司进行。",
    },
}
KINK: Mapping[str, Words] = {
    "en": {
        "headline": "Infusion set 150 cm, light-protected: tube may kink below the chamber",
        "product": "Infusion set 150 cm, light-protected, sterile, UDI-DI 09521000000325",
        "identification": "The lot number L26K4 is on the pouch and on the carton.",
        "registration": "CE 741377; no SRN was issued yet",
        "what_happened": "In one lot the tube was stored on a coil that was too narrow.",
        "risk": "A kinked tube stops the flow; the pump gives its alarm. Therapy is delayed.",
        "instructions": "Stop using sets of this lot.\nCollect them from every ward.\n"
        "Tell us how many you had, used and have left.",
        "handling": "Destroy what is left at your site and tell us; we credit every set.",
    },
    "zh": {
        "headline": "一次性使用避光输液器 150 cm：滴斗下方管路可能打折",
        "product": "一次性使用避光输液器 150 cm，无菌，UDI-DI 09521000000325",
        "identification": "批号 L26K4 印在单包装和外箱上。",
        "registration": "苏械注准20262140041",
        "what_happened": "一批产品的管路盘绕过紧。",
        "risk": "管路打折会使输液中断，输液泵会报警，治疗可能延误。",
        "instructions": "停止使用该批输液器。\n从各病区收回。\n请告知收到、已用和剩余的数量。",
        "handling": "剩余产品请在贵院销毁并告知我们，我们逐套退款。",
    },
}
TEAR: Mapping[str, Words] = {
    "zh": {
        "headline": "延长管 30 cm：单包装封口可能撕裂",
        "product": "延长管 30 cm，无菌，UDI-DI 09521000000349",
        "identification": "批号 E26T7 印在单包装和外箱上。",
        "registration": "苏械注准20262140042",
        "what_happened": "封口机 SL-04 温度过低，封口强度不足。",
        "risk": "封口撕裂后产品不再无菌，可能引起感染。目前未知有人受到伤害。",
        "instructions": "停止使用该批延长管。\n从各病区收回。\n请告知收到、已用和剩余的数量。",
        "handling": "剩余产品请在贵院销毁并告知我们，我们逐根退款。",
    },
}


def words_of(letter: Mapping[str, Words], language: str, *, at: datetime) -> dict[str, Any]:
    """Return what is written into the text of a letter in a language."""
    until = f"{at + REPLY_WITHIN:%Y-%m-%d}"
    return {**FROM[language], **letter[language], "reply_until": until}
