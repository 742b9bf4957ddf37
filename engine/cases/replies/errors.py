"""What can stand in the way of answering a notice."""

from engine.errors import Gone, NotFound, Refused


class LinkUnknown(NotFound):
    """This address is not complete. Open the link in your letter or e-mail once more."""


class LinkExpired(Gone):
    """This link has expired. Ask for a new one, or call us."""


class LinkRevoked(Gone):
    """This link was replaced or withdrawn. Ask for a new one, or call us."""


class NowhereToSend(Refused):
    """We have no e-mail address of your organisation on file. Please call us."""


class PassedOnTooOften(Refused):
    """This link has been passed on too often. Please call us."""


class NotADistributor(Refused):
    """This notice is not to a distributor: there are no customers to inform."""


class ReplyUnknown(NotFound):
    """There is no such reply. Check the number and try again."""
