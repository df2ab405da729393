"""The HTTP edge: application factory, RFC 9457 problems, body limit, servers."""

from hub_kit.web.app import create_app, create_internal_app
from hub_kit.web.docs import add_docs
from hub_kit.web.peers import require_peer
from hub_kit.web.server import HttpServer

__all__ = ["HttpServer", "add_docs", "create_app", "create_internal_app", "require_peer"]
