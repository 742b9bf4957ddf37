"""The camera on the hospital's page: scans become lines of the answer, checked against the list."""

from tests.processes.answering import WHO, Hospital, hidden

GS = chr(29)


def test_what_is_scanned_becomes_lines_of_the_answer(hospital: Hospital) -> None:
    first, second = hospital.serials[:2]
    begun = hospital.says("quarantined")
    to_scan = hospital.post("/reply", {**WHO, **begun, "then": "scan"}, at=hospital.get("/reply"))
    page = hospital.get(to_scan.location)
    assert "data-camera" in page.text
    nothing = hospital.post("/scan", {"scanned": second}, at=page)
    assert nothing.status_code == 422
    assert second in nothing.text, "what was scanned is not lost"

    said = {"outcome": "used", "scanned": f"{first}\n{second}\n{second}\nX-999"}
    back = hospital.post("/scan", said, at=page)

    form = hospital.get(back.location)
    assert f">{first}\n{second}\nX-999</textarea>" in form.text, "the scan wins, each once"
    again = hospital.post("/scan", {"outcome": "returned", "scanned": second}, at=page)
    form = hospital.get(again.location)
    assert f">{first}\nX-999</textarea>" in form.text
    assert f">{second}</textarea>" in form.text
    sent = hospital.post("/reply", {**WHO, "list.used": f"{first}\nX-999"}, at=form)
    assert "Not on your list: X-999" in hospital.get(sent.location).text


def test_what_a_scan_is_on_the_list_is_said_at_once(hospital: Hospital) -> None:
    def looked(text: str) -> tuple[str, bool]:
        found = hospital.get("/scan/look", query_string={"text": text}).json
        return found["sentence"], found["is_wrong"]

    assert looked(hospital.serials[0]) == ("On your list", False)
    assert looked("X-999") == ("Not on your list. We record it as it is and look into it", True)
    assert looked(f"]d2010401234567890121{GS}")[1]
    assert hospital.replies == []


def test_only_the_page_with_the_camera_runs_a_script(hospital: Hospital) -> None:
    assert hospital.get("/scan").location.endswith("/reply"), "without a draft: to the form"
    to_scan = hospital.post("/reply", {"then": "scan"}, at=hospital.get("/reply"))
    page = hospital.get(to_scan.location)
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert page.headers["Permissions-Policy"].startswith("camera=(self)")
    assert "Set-Cookie" not in page.headers
    assert hidden(page)["request_key"] in to_scan.location
    assert "script" not in hospital.get("/reply").headers["Content-Security-Policy"]
