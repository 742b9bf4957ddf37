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
