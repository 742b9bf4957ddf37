"""What consignees answer to a recall's notice: links, replies, and what comes of them."""

from engine.cases.replies.recording import latest, lines_of, record, replies_of, too_early

__all__ = ["latest", "lines_of", "record", "replies_of", "too_early"]
