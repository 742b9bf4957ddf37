"""What can be recorded, as tiles, and what was recorded last."""

from flask import render_template
from flask.typing import ResponseReturnValue

from engine.people.permissions import may
from webapp.permissions import allow
from webapp.queries.events import open_flag_count
from webapp.queries.recording import latest
from webapp.reading import read
from webapp.session import person
from webapp.views.record.shared import bp
from webapp.words import N_

# page, words, what it is for, icon, action
PAGES = (
    ("record.order", N_("Purchase order"), N_("What was ordered of whom, line by line"),
     "list", "order.record"),
    ("record.receipt", N_("Receipt"), N_("What a supplier delivered, against its order"),
     "package", "goods.receive"),
    ("record.inspection", N_("Inspection"), N_("What was looked at, and whether it passed"),
     "clipboard-check", "goods.examine"),
    ("record.test", N_("Test"), N_("What was measured, with which gauge and program"),
     "chart-line", "goods.examine"),
    ("record.certificate", N_("Certificate"), N_("A certificate of conformity, with its file"),
     "file-certificate", "goods.certify"),
    ("record.fit", N_("Parts of a device"), N_("Installed, removed or replaced in house"),
     "settings-cog", "goods.fit"),
    ("record.kitting", N_("Kitting"), N_("What was put together to a kit"), "stack-2",
     "goods.kit"),
    ("record.split", N_("Lot split"), N_("Part of a lot becomes a lot of its own"),
     "sitemap", "lot.change"),
    ("record.merge", N_("Lot merge"), N_("Several lots become one"),
     "binary-tree", "lot.change"),
    ("record.relabelling", N_("Relabelling"), N_("Another serial, lot number or label version"),
     "qrcode", "goods.relabel"),
    ("record.pack", N_("Packing"), N_("What goes into which carton or pallet"),
     "stack-2", "goods.pack"),
    ("record.shipment", N_("Shipment"), N_("What leaves for whom"), "send", "shipment.record"),
    ("record.arrival", N_("Arrival at the consignee"), N_("What arrived, and where"),
     "building-hospital", "shipment.record"),
    ("record.use", N_("Put into use"), N_("A device that stands at its site and works"),
     "circle-check", "device.put_into_use"),
    ("record.returned", N_("Return"), N_("What came back, and where it lies now"),
     "refresh", "goods.return"),
    ("service.visit", N_("Field service"), N_("A device, what was found, parts replaced"),
     "settings-cog", "service.record"),
    ("scan.batch", N_("Labels"), N_("Scan what needs a label, then print them all"),
     "printer", "label.print"),
)  # fmt: skip


@bp.get("")
@allow("record.open")
def index() -> ResponseReturnValue:
    """Show what this person may record, and what was recorded last."""
    shown = [row[:4] for row in PAGES if may(person(), row[4])]
    return render_template(
        "record/index.html",
        pages=shown,
        recorded=latest(read()),
        open_flags=open_flag_count(read()),
    )
