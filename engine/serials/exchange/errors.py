"""What can go wrong between systems, as sentences."""

from engine.errors import Conflict, NotFound, Refused


class SubscriptionUnknown(NotFound):
    """There is no such subscription. It may belong to another installation."""


class DeliveryUnknown(NotFound):
    """There is no such delivery. It may belong to another installation."""


class SubscriptionOff(Refused):
    """This subscription is switched off. Switch it on before you send to it."""


class SubscriptionSame(Conflict):
    """This subscription is that way already. Look at it again before you go on."""


class SourceUnknown(NotFound):
    """There is no such system to compare with. It may belong to another installation."""


class ColumnsMissing(Refused):
    """The file lacks the columns %(columns)s. Correct the file, or how the columns are called."""


class NothingChosen(Refused):
    """Choose at least one open difference."""


class FileRefused(Refused):
    """This file of the watched folder was not read."""


class NoPlainFile(FileRefused):
    """This is a link, a folder or no file at all, so it was not read. Put the file itself there."""


class FileTooLarge(FileRefused):
    """This file has more than 256 MB, so it was not read. Have it exported in parts."""
