"""The German wording of letters, as the demo's people write it and another puts it in force."""

from uuid import uuid4

from engine.cases.notices import putting_in_force, wordings
from webapp.demo.stage import Stage

LANGUAGE = "de"
TRANSLATOR, SIGNER = "nora.byrne", "georg.altmann"
WORDS = {
    "drill": "DRILL 演练 ÜBUNG",
    "demo": "DEMO 演示",
    "page_before": "Seite",
    "page_between": "von",
    "letter_date": "Datum:",
    "letter_number": "Mitteilung:",
    "letter_case": "Unser Zeichen:",
    "letter_list": "Betroffene Produkte, die wir Ihnen geliefert haben",
    "list_part": "Produkt",
    "list_lot": "Charge",
    "list_serials": "Seriennummern",
    "list_quantity": "Menge",
    "list_whole": "die gesamte Charge",
    "list_none": "Keine mehr: siehe die Änderung oben.",
    "letter_files": "Ihre Liste liegt als sortierbare Datei und als signierte Datei bei:",
    "full_stop": ".",
    "change_heading": "Was sich seit unserer letzten Mitteilung an Sie geändert hat",
    "change_supersedes": "Diese Mitteilung ersetzt unsere Mitteilung",
    "change_added": "Neu betroffen:",
    "change_cleared": "Nicht mehr betroffen, für Sie freigegeben:",
    "reply_heading": "Wir benötigen Ihre Antwort, auch wenn Sie keines dieser Produkte haben",
    "reply_how": "Teilen Sie uns für jedes Stück oder jede Menge mit, was Sie haben und was Sie "
    "getan haben: auf der unten genannten Seite, ohne Benutzerkonto, oder telefonisch, per Fax "
    "oder Brief.",
    "reply_until": "Bitte antworten Sie bis zum",
    "reply_none": ". Senden Sie uns keine Patientendaten.",
    "reply_code": "Code, der Ihre Antwortseite öffnet",
    "contact": "Fragen:",
    "registered": "Registrierung:",
    "product": "Produkt",
    "us_urgent_recall": "URGENT: MEDICAL DEVICE RECALL · DRINGEND: RÜCKRUF EINES MEDIZINPRODUKTS",
    "us_urgent_correction": "URGENT: MEDICAL DEVICE CORRECTION · DRINGEND: KORREKTUR EINES "
    "MEDIZINPRODUKTS",
    "us_subject_recall": "Dieses Produkt unterliegt einem Rückruf.",
    "us_subject_correction": "Dieses Produkt unterliegt einem Rückruf durch Korrektur.",
    "us_cease": "Stellen Sie den weiteren Vertrieb und die Anwendung aller verbliebenen Produkte "
    "unverzüglich ein.",
    "us_reason": "Grund des Rückrufs",
    "us_hazard": "Risiko für die Gesundheit",
    "us_actions": "Was Sie jetzt tun müssen",
    "us_pass_on": "Wenn Sie dieses Produkt weitergegeben haben, benachrichtigen Sie Ihre Kunden, "
    "die es erhalten haben, unverzüglich über diesen Rückruf, bis hin zum Anwender, und teilen Sie "
    "uns mit, wie viele Sie benachrichtigt haben.",
    "us_told": "Unerwünschte Ereignisse und Qualitätsmängel dieses Produkts können dem "
    "MedWatch-Programm der FDA gemeldet werden.",
    # the German MDR calls a field safety notice so: art. 2(69)
    "eu_urgent": "Urgent FIELD SAFETY NOTICE · Dringende SICHERHEITSANWEISUNG IM FELD",
    "eu_fsca": "Sicherheitskorrekturmaßnahme im Feld",
    "eu_removal": "Rücksendung oder Vernichtung des Produkts",
    "eu_correction": "Korrektur des Produkts vor Ort",
    "eu_devices": "Angaben zu den betroffenen Produkten",
    "eu_problem": "Beschreibung des Problems und des damit verbundenen Risikos",
    "eu_actions": "Vom Anwender zu ergreifende Maßnahmen",
    "eu_transmission": "Weitergabe dieser Sicherheitsanweisung im Feld",
    "eu_pass_on": "Diese Anweisung muss an alle weitergegeben werden, die in Ihrer Einrichtung "
    "davon wissen müssen, und an jede Einrichtung, an die betroffene Produkte abgegeben wurden; "
    "teilen Sie uns mit, an welche, mit den Angaben zu den Produkten.",
    "eu_awareness": "Bitte sorgen Sie dafür, dass diese Anweisung und die sich daraus ergebenden "
    "Maßnahmen für einen angemessenen Zeitraum bekannt bleiben.",
    "eu_told": "Die zuständigen nationalen Behörden wurden über diese "
    "Sicherheitskorrekturmaßnahme im Feld unterrichtet.",
    "cn_title": "RÜCKRUFMITTEILUNG FÜR EIN MEDIZINPRODUKT · 医疗器械召回通知",
    "cn_law": "Diese Mitteilung ergeht nach Artikel 15 der Maßnahmen zur Verwaltung des Rückrufs "
    "von Medizinprodukten (CFDA-Anordnung 29).",
    "cn_device": "1. Produkt: Name, Modell, Spezifikation und Chargen",
    "cn_reason": "2. Grund des Rückrufs",
    "cn_demands": "3. Was verlangt wird",
    "cn_stop": "Stellen Sie Verkauf und Anwendung dieses Produkts unverzüglich ein und leiten Sie "
    "diese Mitteilung an die betroffenen Betreiber und Anwender weiter.",
    "cn_handling": "4. Wie mit den Produkten verfahren wird",
}


def put_in_force(stage: Stage) -> None:
    """Have customer service write every sentence, and the person responsible sign them."""
    by, writer = stage.who(SIGNER), stage.who(TRANSLATOR)
    with stage.holdfast.database.begin() as db:
        version = wordings.write(
            db, LANGUAGE, WORDS, after=0, by=writer, at=stage.at, key=uuid4().hex
        ).version
    signing = stage.asked_to_sign(
        by,
        lambda db, session: putting_in_force.open_signing(
            db, LANGUAGE, version, by=by, session_id=session, at=stage.at
        ),
    )
    with stage.holdfast.database.begin() as db:
        putting_in_force.put_in_force(
            db, LANGUAGE, version, signing, by=by, at=stage.at, key=uuid4().hex
        )
