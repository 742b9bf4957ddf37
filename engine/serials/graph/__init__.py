"""A trace as a picture: things in tiers from what went in to who received it, with positions."""

from engine.serials.graph.backward import made_of_graph
from engine.serials.graph.drawn import Graph, Link, Node
from engine.serials.graph.forward import MOST_NODES, run_graph

__all__ = ["MOST_NODES", "Graph", "Link", "Node", "made_of_graph", "run_graph"]
