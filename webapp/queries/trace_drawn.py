"""A picture as the data its script draws: keys, names, places, and where a click leads."""

import json

from flask import url_for
from flask_babel import gettext, ngettext

from engine.serials.graph import Graph, Link, Node


def drawn(picture: Graph) -> str:
    """Return the nodes and links as JSON for the script."""
    return json.dumps(
        {
            "nodes": [
                {
                    "id": node.key,
                    "kind": node.kind,
                    "label": label(node),
                    "x": node.x,
                    "y": node.y,
                    "named": node.is_named,
                    "certain": node.is_certain,
                    "href": address(node),
                }
                for node in picture.nodes
            ],
            "links": [
                {"source": one.source, "target": one.target, "was": one.how == "was_in"}
                for one in picture.links
            ],
        },
        ensure_ascii=False,
    )


def named(picture: Graph) -> tuple[dict[str, Node], dict[str, list[Link]]]:
    """Return the nodes by their keys, and what each leads to."""
    leads: dict[str, list[Link]] = {}
    for link in picture.links:
        leads.setdefault(link.source, []).append(link)
    return {node.key: node for node in picture.nodes}, leads


def label(node: Node) -> str:
    """Return what stands on a node; of several alike, how many of what."""
    if node.count > 1:
        how_many = {
            "unit": ngettext("%(num)d unit", "%(num)d units", node.count),
            "lot": ngettext("%(num)d lot", "%(num)d lots", node.count),
            "segment": ngettext("%(num)d run", "%(num)d runs", node.count),
        }[node.kind]
        return f"{node.label} · {how_many}"
    if node.kind == "segment":
        return gettext("Run %(name)s", name=node.label)
    return node.label


def address(node: Node) -> str | None:
    """Return the page of what a node stands for, if it stands for one thing that has a page."""
    if node.id is None:
        return None
    if node.kind == "unit":
        return url_for("units.unit", unit_id=node.id)
    return url_for("units.lot", lot_id=node.id) if node.kind == "lot" else None
