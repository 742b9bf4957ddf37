"""What the people of the demo wrote in each case, word for word: defects and their causes."""

from collections.abc import Mapping
from typing import Any

Said = Mapping[str, Mapping[str, Any]]  # by element

SEAL: Said = {
    "report": {
        "source": "warehouse",
        "defect_code": "packaging",
        "description": "Pouch seal opens by hand on three of twenty sets sampled from pallet 2. "
        "Required is a peel strength of at least 1.2 N over the whole seal (SPEC-0231, 5.2). The "
        "open stretch is always on the short side next to the batch code.",
    },
    "triage": {
        "requirement": "Seal peel strength at least 1.2 N, SPEC-0231 rev 4, clause 5.2",
        "severity": "critical",
        "rationale": "A set whose pouch is open is not sterile. Retained samples agree: 4 of 32 "
        "below 1.2 N, the lowest 0.6 N.",
    },
    "disposition.propose_disposition": {},
}
SENSOR: Said = {
    "report": {
        "source": "incoming_inspection",
        "source_reference": "IR-2026-0418",
        "defect_code": "function",
        "description": "Pressure sensors read 41 to 48 mmHg low at 600 mmHg. Twelve of the first "
        "thirteen sensors of the delivery are outside ±15 mmHg (drawing PS-220 rev C, note 7). "
        "Zero point and supply current are in order. The supplier's certificate states ±9 mmHg.",
    },
    "triage": {
        "requirement": "Output within ±15 mmHg at 600 mmHg, drawing PS-220 rev C, note 7",
        "severity": "major",
        "rationale": "An occlusion alarm would come late. None of these sensors has been built in: "
        "the goods receipt was not yet released to the line.",
    },
    "investigate": {
        "cause": "supplier",
        "cause_description": "Halbrecht compensated the wafer at 25 °C instead of 32 °C after a "
        "change of the test program; shown by recomputing three sensors with the old table.",
        "escape": "The supplier's outgoing test used the same wrong table.",
        "no_others_because": "The test program changed with this delivery; the five before it were "
        "measured again and are within ±8 mmHg.",
        "supplier_involved": True,
    },
    "return_to_supplier": {
        "rma_number": "RMA-HALB-7719",
        "carrier": "Road freight Ellwang, consignment 40-118-2",
    },
    "verify_and_close": {
        "supplier_notified": {"number": "SCAR-2026-014", "because": ""},
        "capa_needed": {"number": "", "because": "First time; the supplier's action is followed."},
        "risk_file_reviewed": {"number": "RMF-V3 rev 11, line 46", "because": ""},
        "effect_checked": "The replacement delivery measured 100 %: all within ±7 mmHg.",
    },
}
ALARM: Said = {
    "report": {
        "source": "final_test",
        "operation": "Test bench 3",
        "defect_code": "function",
        "description": "Air-in-line alarm came after 140 µl instead of 100 µl in two of two runs. "
        "The pump was put aside. Serial and test protocol are attached to the rack.",
    },
    "triage": {
        "outcome": "not_a_nonconformance",
        "rationale": "The bench ran the protocol of the neonatal set (threshold 150 µl). Repeated "
        "with the right protocol: alarm at 92, 94 and 93 µl. Every requirement is met.",
    },
    "confirm_screening": {
        "evidence_checked": "Protocols 3-1187 and 3-1191, the bench's log of the loaded file, and "
        "one run repeated in my presence.",
    },
}
CONTACT: Said = {
    "report": {
        "source": "final_test",
        "operation": "Vibration test, station 7",
        "defect_code": "electrical",
        "description": "Pumps switch to battery fault for a moment when tapped on the left side. "
        "Seven of thirty pumps of one run do so; no loss of supply is allowed in the vibration "
        "test (TP-V3-07, step 12). The left contact spring gives way under light pressure.",
    },
    "triage": {
        "requirement": "No interruption of supply longer than 1 ms, TP-V3-07 rev 6, step 12",
        "severity": "major",
        "rationale": "Therapy would stop with an alarm. All pumps of the run are still in the "
        "house, so nothing has left our control.",
    },
    "investigate": {
        "cause": "process",
        "cause_description": "The contact carrier was pressed in at 180 N instead of 320 N: the "
        "recipe of the syringe pump was loaded after the change of model at 10:40.",
        "escape": "The press logs the recipe but does not compare it with the work order.",
        "no_others_because": "The log of press 2 shows the wrong recipe for this work order only.",
    },
    "propose_disposition": {
        "concession_justification": "",
        "left_pending_because": "",
    },
    "approve_rework_instruction": {
        "instruction_number": "RWI-2026-021 rev 1",
        "acceptance_criteria": "Press force 300 to 340 N; TP-V3-07 passed by every pump.",
        "effects": ["electrical", "life_time"],
        "effect_assessment": "The carrier is pressed in once more; three pumps were taken apart "
        "after it and show no crack. Life test of two pumps over 2,000 insertions passed.",
    },
    "perform_rework": {"work_order": "WO-26-4188-R", "equipment": "Press 2, fixture V3-L"},
}
PARTICLE: Said = {
    "report": {
        "source": "in_process",
        "operation": "洁净车间2号线，灯检",
        "defect_code": "contamination",
        "description": "滴斗内壁发现黑色可见异物。灯检抽样200套中有6套不合格，要求为每批可见"
        "异物不得大于0.1%（QI-SZ-118 第4.3条）。异物呈片状，长约0.3至0.8 mm，附着在滴斗内壁，"
        "用气枪不能吹落。"
        "同一生产日前一箱滴斗未见异常。",
    },
    "triage": {
        "requirement": "可见异物不合格率不大于0.1%，QI-SZ-118 第5版第4.3条",
        "severity": "major",
        "rationale": "异物附着在药液通路内，过滤网可截留，但不能排除较小颗粒通过。"
        "已查看留样，结果一致。",
    },
    "investigate": {
        "cause": "supplier",
        "cause_description": "供应商注塑机螺杆止逆环磨损，碳化料脱落。红外光谱与碳化聚丙烯一致，"
        "供应商更换止逆环后连续3批未再发现。",
        "escape": "进货检验只抽检尺寸，未做灯检。",
        "no_others_because": "仅该滴斗批次在止逆环更换前生产；其余批次复检200件无异物。",
        "supplier_involved": True,
    },
    "sort_units": {"criteria": "QI-SZ-118 第5版，100%灯检，照度不低于2000 lx"},
}
LABEL: Said = {
    "report": {
        "source": "warehouse",
        "defect_code": "labelling",
        "description": "Print on the carton label is shifted 3 mm to the left. The first letter of "
        "the product name touches the frame on all cartons of the lot. Drawing LB-150 rev D allows "
        "1 mm. Text, UDI carrier and expiry are complete and the carrier scans at grade B.",
    },
    "triage": {
        "requirement": "Position of print ±1 mm, drawing LB-150 rev D",
        "severity": "minor",
        "rationale": "Nothing on the label is missing or unreadable; the labels of the pouches "
        "inside are right.",
    },
    "investigate": {
        "cause": "equipment",
        "cause_description": "The media guide of label printer 4 was set for 104 mm instead of "
        "100 mm after cleaning.",
        "escape": "The line clearance checks the text of the first label, not its position.",
        "no_others_because": "Printer 4 printed this lot only between cleaning and correction.",
    },
    "propose_disposition": {
        "specification_evidence": "All registered label content is present: check LC-2026-77 "
        "against Annex I 23.2 and the registration in China.",
        "concession_justification": "Position of the print has no part in the registered "
        "specification; readability was tested with ten users (UT-55).",
        "concession_limits": "This lot only.",
    },
    "confirm_concession": {
        "markets": "DE, AT, PL, SE, IT, CN",
        "rationale": "Label content is complete and true in every market.",
    },
}
FIRMWARE: Said = {
    "report": {
        "source": "field",
        "source_reference": "CO-2026-0311",
        "defect_code": "software",
        "description": "Pump restarts by itself after about 49 days without being switched off. "
        "Two hospitals report it; both pumps carry boards of one lot and went on with the rate "
        "set before after the restart and a 4 second pause, with an entry in the log.",
        "aware_by": "Nora Byrne, complaints; told by Herzzentrum Tannbach",
    },
    "triage": {
        "requirement": "No unintended restart during infusion, SRS-V3-0087 rev 9",
        "severity": "critical",
        "rationale": "A pause of 4 seconds may harm a patient on a vasoactive drug at a low rate. "
        "The boards of this lot were programmed with boot loader 2.3.1.",
    },
}
SPRINGS: Said = {
    "report": {
        "source": "supplier_notice",
        "source_reference": "OSTF-QN-2026-5",
        "defect_code": "material",
        "description": "Ostwall Federn reports hydrogen embrittlement of door latch springs after "
        "a fault in its galvanic line. Springs of the lot may break within 2,000 openings; we "
        "require 10,000 (drawing SP-09 rev B).",
        "aware_by": "Oliver Grant, supplier quality; notice received by e-mail",
    },
    "triage": {
        "requirement": "10,000 openings without fracture, drawing SP-09 rev B, note 3",
        "severity": "major",
        "rationale": "A broken latch leaves the door open and the pump alarms; free flow is "
        "prevented by the anti-free-flow clamp.",
    },
    "investigate": {
        "cause": "supplier",
        "cause_description": "Baking after zinc plating was left out for two days (furnace fault); "
        "shown by the supplier's furnace chart and by 3 of 10 springs broken in our own test.",
        "escape": "Embrittlement cannot be seen at incoming inspection.",
        "no_others_because": "The supplier's furnace chart bounds it to this lot.",
        "supplier_involved": True,
    },
}
ADHESIVE: Said = {
    "report": {
        "source": "in_process",
        "operation": "Bonding station 2",
        "defect_code": "process",
        "description": "Pull test of the luer joint: 9.8 N on one of five sets; at least 15 N is "
        "required (ISO 8536-4, 6.3). The solvent bath was topped up without measuring its "
        "concentration, the record has no entry for the shift.",
    },
    "triage": {
        "requirement": "Joint withstands 15 N for 15 s, ISO 8536-4, clause 6.3",
        "severity": "major",
        "rationale": "A joint that parts interrupts the infusion. 1 of 5 below, the lot is large.",
    },
    "investigate": {
        "cause": "method",
        "cause_description": "Cyclohexanone fell to 71 % by evaporation; the joint reaches only "
        "two thirds of its strength below 80 % (trial T-0226).",
        "escape": "The work instruction asks for a measurement each week, not each shift.",
        "no_others_because": "Bath 2 feeds this lot only; bath 1 was measured at 92 %.",
    },
    "approve_quality": {
        "justified": False,
        "decision": "reject",
        "reason": "A sample of 32 does not show that the rest of the lot holds 15 N. Propose "
        "sorting by a test of every set, or scrap what cannot be tested.",
    },
}
KINK: Said = {
    "report": {
        "source": "incoming_inspection",
        "source_reference": "IR-2026-0455",
        "defect_code": "dimension",
        "description": "Tube of the extension lines is oval: 3.9 to 4.4 mm outer diameter on one "
        "cross-section where 4.1 ±0.1 mm is required (TB-30 rev A). The pump's door closes with "
        "noticeable force.",
    },
    "triage": {
        "requirement": "Outer diameter 4.1 ±0.1 mm, drawing TB-30 rev A",
        "severity": "minor",
        "rationale": "Delivery error measured on five lines stays within ±5 % of the set rate.",
    },
    "investigate": {
        "cause": "supplier",
        "cause_description": "Cooling bath of the extruder 6 °C too warm for one reel.",
        "escape": "Incoming inspection measures one direction only.",
        "no_others_because": "The supplier traces it to reel 118, which went into this lot.",
        "supplier_involved": True,
    },
}
DISPLAY: Said = {
    "report": {
        "source": "field",
        "source_reference": "SR-2026-0902",
        "defect_code": "function",
        "description": "Syringe pump shows the rate in a dimmed display that cannot be read at "
        "daylight. Found at the yearly service on one pump; two pumps of the same run in stores "
        "show 90 cd/m², at least 250 cd/m² is required (SPEC-S7-031).",
    },
    "triage": {
        "requirement": "Luminance at least 250 cd/m², SPEC-S7-031 rev 3",
        "severity": "major",
        "rationale": "The rate could be misread; alarms are also given by sound and lamp.",
    },
}
STERILITY: Said = {
    "report": {
        "source": "supplier_notice",
        "source_reference": "ETHL-DEV-118",
        "defect_code": "process",
        "description": "Ethelwyn reports that the exhaust phase of cycle 7714 ended 22 minutes "
        "early. Residual ethylene oxide of the lot is therefore not shown to be below 4 mg per "
        "device (ISO 10993-7). The dose for sterility itself was reached.",
        "aware_by": "Oliver Grant, supplier quality; told by Ethelwyn by telephone",
    },
    "triage": {
        "requirement": "Residual ethylene oxide at most 4 mg per device, ISO 10993-7",
        "severity": "major",
        "rationale": "Residue may irritate; the lot is still in our stores in Suzhou.",
    },
}
CARTON: Said = {
    "report": {
        "source": "warehouse",
        "defect_code": "packaging",
        "description": "Cartons of one pallet are crushed at a corner and damp at the base. The "
        "pallet stood under the leaking roof of gate 4 over the weekend; six of forty cartons are "
        "soft to the touch.",
    },
    "triage": {
        "requirement": "Transport packaging dry and undamaged, QP-15 rev 7, clause 6",
        "severity": "minor",
        "rationale": "The sterile barrier may have taken up water: look at inner pouches.",
    },
}
MIX_UP: Said = {
    "report": {
        "source": "warehouse",
        "defect_code": "mix_up",
        "description": "标示为避光输液器的单包装内装的是普通透明输液器。拣货时在一箱中发现1套，"
        "同箱其余19套核对无误。标签、批号和有效期与避光输液器一致。",
    },
    "triage": {
        "requirement": "包装内产品与标签一致，QI-SZ-104 第7版第6.2条",
        "severity": "major",
        "rationale": "用于光敏药物时药液可能降解。不能排除同批其他包装也有混装，先整批隔离。",
    },
}
LATCH: Said = {
    "report": {
        "source": "field",
        "source_reference": "SR-2026-0917",
        "defect_code": "function",
        "description": "Door of the pump does not lock after a fall from the stand. The ward "
        "sent it back with a broken latch; we do not know yet if the fall or the latch came first.",
    },
}
BURR: Said = {
    "report": {
        "source": "incoming_inspection",
        "source_reference": "IR-2026-0449",
        "defect_code": "dimension",
        "description": "Shaft of the drive motor has a burr at the keyway. It scratches the bore "
        "of the coupling at assembly; no burr above 0.05 mm is allowed (DM-12 rev F). Found on 9 "
        "of 20 motors; twelve motors were already damaged when the coupling was tried.",
    },
    "triage": {
        "requirement": "No burr above 0.05 mm, drawing DM-12 rev F, note 4",
        "severity": "major",
        "rationale": "Chips from the bore may reach the gear. The delivery was not yet issued.",
    },
    "investigate": {
        "cause": "supplier",
        "cause_description": "Deburring was left out after a tool change, 14 shafts of each tray; "
        "shown by the supplier's set-up sheet and by our measurement of 60 motors.",
        "escape": "The supplier measures the keyway's width, not its edge.",
        "no_others_because": "Earlier deliveries come from another machine; 40 motors measured.",
        "supplier_involved": True,
    },
    "return_to_supplier": {"rma_number": "RMA-DREV-204", "carrier": "Own transport, tour 12"},
}
SWELLING: Said = {
    "report": {
        "source": "in_process",
        "operation": "Battery assembly, station 3",
        "defect_code": "material",
        "description": "Two battery packs from one tray are swollen by about 2 mm and do not slide "
        "into the bay. Voltage is 3.61 V, the surface is not warm. The tray was put into the fire "
        "cabinet; packs of this tray are still at incoming goods.",
    },
}
OLD_LATCH: Said = {
    "report": {
        "source": "warehouse",
        "source_reference": "QN-2024-101",
        "defect_code": "function",
        "description": "Battery door of a pump from the old system does not latch: the hook is "
        "worn on one side. Taken over with case QN-2024-101, which stood at its investigation.",
    },
    "triage": {
        "requirement": "The door latches with 8 N and stays closed in a drop test (SPEC-0117, 4.3)",
        "severity": "minor",
        "rationale": "The battery is held by its own catch too; the pump alarms when it is loose.",
    },
}
