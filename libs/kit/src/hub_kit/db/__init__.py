"""PostgreSQL: pools, named SQL, migrations."""

from hub_kit.db.migrate import Migration, MigrationRefused, migrate
from hub_kit.db.pool import AWAY_ERRORS, DATABASE_ERRORS, Connection, Pool, database_away, open_pool
from hub_kit.db.sql import Queries, load_queries

__all__ = [
    "AWAY_ERRORS",
    "DATABASE_ERRORS",
    "Connection",
    "Migration",
    "MigrationRefused",
    "Pool",
    "Queries",
    "database_away",
    "load_queries",
    "migrate",
    "open_pool",
]
