"""For every kind: a field, raw answers that are taken with what they become, and some refused."""

WORDS = 'choices = [{ value = "a", label = "First" }, { value = "b", label = "Second" }]'
UNIT = {"unit_id": 1, "serial": "SN-1", "part_no": "P-100"}
LOT = {"lot_id": 7, "lot_number": "LOT-7", "part_no": "R-1", "quantity": None}
LOT_COUNT = {
    "key": "lot:7@QA-1", "part_no": "R-1", "name": "LOT-7", "location": "QA-1",
    "lot_id": 7, "uom": "each", "counted": "10",
}  # fmt: skip
LINE = {"type": "scrap", "justification": "Cracked", "lot": "lot:7@QA-1", "quantity": "4"}
LONG = "x" * 250_000
TRICKS = ["\x00", "\ud800", "\u202etxet", LONG]

# for each kind its options, then what is taken (raw, answer, variable), then what is refused
KINDS = {
    "text": ("", [("  Valve\t7 ", "Valve\t7", "Valve\t7")], [*TRICKS, 7, ["a"], "two\nlines"]),
    "long_text": ("", [("a\r\nb ", "a\nb", "a\nb")], [*TRICKS, True, {"a": "b"}]),
    "choice": (WORDS, [("a", "a", "a")], ["c", "First", ["a"], 1, "a\x00"]),
    "choices": (
        WORDS,
        [(["b", "a", "a"], ["a", "b"], "a,b"), ("a", ["a"], "a")],
        ["c", ["c"], [1], [["a"]], {"a": "a"}],
    ),
    "yes_no": ("", [(True, True, True), ("no", False, False)], ["maybe", 1, [True], 0]),
    "date": (
        "not_future = true",
        [("2026-03-04", "2026-03-04", "2026-03-04")],
        ["2026-03-05", "04.03.2026", "2026-02-30", 20260304, "0001-01-01", "2026-W10-3"],
    ),
    "datetime": (
        "not_future = true",
        [
            (
                {"local": "2026-03-04T09:30", "zone": "Asia/Shanghai"},
                {
                    "local": "2026-03-04T09:30", "zone": "Asia/Shanghai",
                    "at": "2026-03-04T01:30:00+00:00",
                },
                "2026-03-04T01:30:00+00:00",
            )
        ],
        [
            {"local": "2026-03-04T13:30", "zone": "Europe/Berlin"},  # in the future
            {"local": "2025-03-30T02:30", "zone": "Europe/Berlin"},  # the clocks skipped it
            {"local": "2026-03-04T09:30+01:00", "zone": "Europe/Berlin"},
            {"local": "2026-03-04T09:30", "zone": "../etc/passwd"},
            {"local": "soon", "zone": "UTC"},
            {"local": 5},
            "2026-03-04",
        ],
    ),
    "quantity": (
        'uoms = ["each", "g"]\ndecimals = 1\nmax = "100"',
        [
            ({"quantity": "12.50", "uom": "g"}, {"quantity": "12.5", "uom": "g"}, "12.5"),
            ({"quantity": "１２", "uom": "each"}, {"quantity": "12", "uom": "each"}, "12"),
            ({"quantity": 0, "uom": "g"}, {"quantity": "0", "uom": "g"}, "0"),
        ],
        [
            {"quantity": "12.55", "uom": "g"}, {"quantity": "101", "uom": "g"},
            {"quantity": "-1", "uom": "g"}, {"quantity": "1e3", "uom": "g"},
            {"quantity": "12", "uom": "stone"}, {"quantity": "12,5", "uom": "g"},
            {"quantity": "NaN", "uom": "g"}, {"quantity": 1.5, "uom": "g"}, "12",
            {"quantity": "1", "uom": "g", "typename": "x"}, {"quantity": True, "uom": "g"},
        ],
    ),
    "money": (
        'currencies = ["EUR", "JPY"]',
        [({"amount": "12.50", "currency": "EUR"}, {"amount": "12.5", "currency": "EUR"}, "12.5")],
        [{"amount": "1.5", "currency": "JPY"}, {"amount": "1", "currency": "BTC"}, "1", ["1"]],
    ),
    "effort": (
        'category = "rework"',
        [
            (
                {"hours": "2.50", "amount": "", "currency": "EUR", "category": ""},
                {"hours": "2.5"},
                "2.5",
            ),
            (
                {"amount": "80", "currency": "JPY", "category": "test_lab"},
                {"amount": "80", "currency": "JPY", "category": "test_lab"},
                "0",
            ),
        ],
        [
            {"hours": "0"}, {"hours": "-1"}, {"hours": "1.333"}, {"hours": "10001"}, "2", ["2"],
            {"hours": "1", "amount": "5", "currency": "EUR"},
            {"amount": "5", "currency": "BTC", "category": "scrap"},
            {"amount": "0.5", "currency": "JPY", "category": "scrap"},
            {"amount": "5", "currency": "EUR", "category": "bribes"}, {"hours": "1", "x": "y"},
        ],
    ),
    "integer": (
        "max = 50",
        [("7", 7, 7), (0, 0, 0), ("7.0", 7, 7)],
        ["7.5", "51", -1, "seven", 1.0, False, [7], 10**400],
    ),
    "units": (
        "",
        [
            ("SN-1\r\nSN-1", [UNIT], 1),
            ("A,B\nSN-1", [{"unit_id": 5, "serial": "A,B", "part_no": "P-100"}, UNIT], 2),
            ("SN-1;P-100 SN-3", [UNIT, {"unit_id": 3, "serial": "SN-3", "part_no": "P-100"}], 2),
            ([UNIT], [UNIT], 1),
        ],
        [
            "SN-99", "SN-3", "SN-1\x00", ["SN-1", 7], 7, {"serial": "SN-1"}, LONG,
            [{"unit_id": 2, "serial": "SN-1", "part_no": "P-100"}],
            [{"unit_id": 1, "serial": "SN-1", "part_no": "P-100", "typename": "x"}],
        ],
    ),
    "lots": (
        "",
        [
            ("LOT-7", [LOT], 1),
            ("LOT-7 x 12", [{**LOT, "quantity": "12"}], 1),
            ("R-2 LOT-8", [{**LOT, "lot_id": 9, "lot_number": "LOT-8", "part_no": "R-2"}], 1),
        ],
        ["LOT-8", "LOT-99", 7, [[]], [{"lot_id": "7"}], [{"lot_number": "LOT-7", "quantity": "x"}]],
    ),
    "suspects": (
        "",
        [
            (
                {"scanned": "SN-1\nLOT-7 x 3\nSN-99", "unidentified": [{"description": "A tray"}]},
                {
                    "units": [UNIT],
                    "lots": [{**LOT, "quantity": "3"}],
                    "unidentified": [
                        {"description": "A tray", "quantity": None, "is_scan": False},
                        {"description": "SN-99", "quantity": None, "is_scan": True},
                    ],
                },
                4,
            )
        ],
        [
            {"unidentified": [{"description": "A tray", "quantity": "many"}]},
            {"unidentified": [{"quantity": "3"}]},
            {"unidentified": ["a tray"]},
            {"unidentified": [{"description": "\x00"}]},
            {"scanned": "SN-1", "typename": "x"},
            {"scanned": [7]},
            {"scanned": " , "},
            ",",
            7,
        ],
    ),
    "scope": (
        "",
        [
            (
                {"text": "LOT-7"},
                {
                    "text": "LOT-7", "answers": {}, "expression": {"any": [{"lot": {"id": 7}}]},
                    "counts": {"units": 3, "quantity": "10", "consignees": 2},
                },
                True,
            ),
            (
                {"text": "LOT-8", "answers": {"part-1": "r-2"}},
                {
                    "text": "LOT-8", "answers": {"part-1": "r-2"},
                    "expression": {"any": [{"lot": {"id": 9}}]},
                    "counts": {"units": 3, "quantity": "10", "consignees": 2},
                },
                True,
            ),
        ],
        [
            "LOT-8", {"text": "LOT-8", "answers": {"part-1": "r-3"}}, {"text": "SN-99"},
            {"text": "LOT-7", "typename": "x"}, {"text": "LOT-7", "answers": [1]},
            {"text": "a\x00"}, {"text": LONG}, 7,
        ],
    ),
    "identification": (
        "",
        [
            (
                {
                    "rows": [
                        {"key": "subject-1", "outcome": "identified", "scanned": "SN-1"},
                        {
                            "key": "subject-2", "outcome": "not_identified", "quantity": "4",
                            "reason": "No record names it",
                        },
                    ]
                },
                {
                    "resolved": [
                        {
                            "subject_id": 1, "description": "A tray", "outcome": "identified",
                            "units": [UNIT], "lots": [], "quantity": "3", "reason": "",
                        },
                        {
                            "subject_id": 2, "description": "A box", "outcome": "not_identified",
                            "units": [], "lots": [], "quantity": "4",
                            "reason": "No record names it",
                        },
                    ]
                },
                0,
            )
        ],
        [
            {"rows": []},
            {"rows": [{"key": "subject-1", "outcome": "identified", "scanned": "SN-99"}]},
            {"rows": [{"key": "subject-1", "outcome": "open"}]},
            {"rows": [{"key": "subject-2", "outcome": "not_identified", "reason": "Lost"}]},
            {"rows": [{"key": "subject-1", "outcome": "not_identified", "quantity": "3"}]},
            {"rows": ["a tray"]},
            {"rows": 7},
            {"typename": "x"},
            "SN-1",
        ],
    ),
    "segregation": (
        "",
        [
            (
                {
                    "scanned": "SN-1\nSN-3\nSN-99",
                    "counts": [{"key": "lot:7@QA-1", "counted": "10"}],
                },
                {
                    "units": [UNIT, {"unit_id": 4, "serial": "SN-3", "part_no": "P-200"}],
                    "none": False,
                    "unknown": ["SN-99"],
                    "counts": [LOT_COUNT],
                },
                "12",
            ),
            (
                {"scanned": "", "none": True, "counts": [{"key": "lot:7@QA-1", "counted": "0"}]},
                {
                    "units": [], "none": True, "unknown": [],
                    "counts": [{**LOT_COUNT, "counted": "0"}],
                },
                "0",
            ),
        ],
        [
            {"scanned": "SN-1", "counts": []},
            {"scanned": "", "counts": [{"key": "lot:7@QA-1", "counted": "10"}]},
            {"scanned": "SN-1", "none": True, "counts": [{"key": "lot:7@QA-1", "counted": "1"}]},
            {"scanned": "SN-1", "counts": [{"key": "lot:7@QA-1", "counted": "-1"}]},
            "SN-1",
        ],
    ),
    "disposition_lines": (
        "",
        [
            (
                {"lines": [LINE, {"type": "rework", "justification": "Loose", "units": "SN-1"}]},
                {
                    "lines": [
                        {
                            "units": [], "quantity": "4", "uom": "each", "type": "scrap",
                            "justification": "Cracked", "conditions": "",
                            "lot": {
                                "key": "lot:7@QA-1", "lot_id": 7, "lot_number": "LOT-7",
                                "part_no": "R-1", "location": "QA-1",
                            },
                        },
                        {
                            "units": [UNIT], "lot": None, "quantity": "1", "uom": "each",
                            "type": "rework", "justification": "Loose", "conditions": "",
                        },
                    ],
                    "held": {"each": "13"},
                    "pending": {"each": "8"},
                },
                "scrap,rework",
            )
        ],
        [
            {"lines": [{**LINE, "quantity": "11"}]},
            {"lines": [{**LINE, "quantity": "6"}, {**LINE, "quantity": "6"}]},
            {"lines": [{**LINE, "quantity": "1.5"}]},
            {"lines": [{**LINE, "quantity": "0"}]},
            {"lines": [{**LINE, "justification": " "}]},
            {"lines": [{**LINE, "type": "use_as_is"}]},  # without conditions
            {"lines": [{**LINE, "type": "donate"}]},
            {"lines": [{**LINE, "lot": "lot:9@QA-1"}]},
            {"lines": [{**LINE, "units": "SN-1"}]},
            {"lines": [{**LINE, "lot": "", "units": "A,B"}]},  # known but not held
            {"lines": [{**LINE, "typename": "x"}]},
            {"lines": ["scrap all"]},
            "scrap all",
        ],
    ),
    "piece_results": (
        "",
        [
            (
                [
                    {"key": "unit:1", "result": "good"},
                    {"key": "unit:2", "result": "bad"},
                    {"key": "unit:4", "result": "good"},
                    {"key": "lot:7@QA-1", "good": "8", "bad": "2"},
                ],
                None,
                "10",
            ),
            (
                {
                    "rows": [{"key": "lot:7@QA-1", "good": "8", "bad": "2"}],
                    "bad": "SN-2",
                    "rest_is_good": True,
                },
                None,
                "10",
            ),
        ],
        [
            {"rows": [{"key": "lot:7@QA-1", "good": "8", "bad": "2"}], "rest_is_good": False},
            {"rows": [], "bad": "SN-UNHEARD-OF", "rest_is_good": True},
            {"rows": [], "bad": "SN-2", "rest_is_good": "yes"},
            [{"key": "unit:1", "result": "good"}],
            [{"key": "lot:7@QA-1", "good": "8", "bad": "3"}],
            [{"key": "lot:9", "good": "8", "bad": "2"}],
            "good",
            {"key": "good"},
        ],
    ),
    "attachments": (
        'media_types = ["image/jpeg"]',
        [
            (
                ["a" * 64, "a" * 64],
                [{"sha256": "a" * 64, "name": "label.jpg", "media_type": "image/jpeg",
                  "bytes": 12_345}],
                1,
            )
        ],
        [["b" * 64], ["../../etc/passwd"], [7], "b", [{"sha256": 7}], ["a" * 64] * 21],
    ),
    "person": (
        'role = "warehouse"',
        [("11", {"person_id": 11, "name": "Wei Chen"}, 11)],
        ["12", True, ["11"], {"person_id": "nobody"}],
    ),
    "listed": (
        'list = "names"',
        [("cn_recall", {"value": "cn_recall", "words": "Recall"}, "cn_recall")],
        ["us_recall", 7, ["cn_recall"], {"value": "cn_recall", "typename": "x"}],
    ),
    "country": ("", [("DE", "DE", "DE")], ["XX", "Germany", "EU", ["DE"], 49]),
    "reference": (
        'pattern = "CAPA-[0-9]+"\npattern_words = "Write a number such as CAPA-12."',
        [
            ({"number": "CAPA-12"}, {"number": "CAPA-12", "because": None}, "CAPA-12"),
            ({"because": "Isolated case"}, {"number": None, "because": "Isolated case"}, None),
        ],
        [
            {"number": "CAPA-12", "because": "Isolated case"}, {"number": "12"}, {"because": "no"},
            {"number": 12}, ["CAPA-12"], {"number": "CAPA-12", "typename": "x"},
        ],
    ),
    "checklist": (WORDS, [(["a", "b"], ["a", "b"], True)], [["a"], ["a", "c"], {"a": True}, 1]),
    "confirm": (
        'sentence = "I saw it."', [(True, True, True), ("yes", True, True)], ["no", 1, [1]],
    ),
}  # fmt: skip
