"""load / decide / apply of each event that dmp-publisher handles, and the call to the DMP between them."""

from hub_dmp_publisher.handlers.endings import Endings
from hub_dmp_publisher.handlers.publish import Publish
from hub_dmp_publisher.handlers.stops import Stops

__all__ = ["Endings", "Publish", "Stops"]
