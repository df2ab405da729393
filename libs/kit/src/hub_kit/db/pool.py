"""Connection pools. A process holds at most six connections to its work and two spare (design §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    Pool: TypeAlias = asyncpg.Pool[Record]
    Connection: TypeAlias = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
else:
    Pool = Any
    Connection = Any

# What any use of the database may raise that says nothing about the work at hand. InternalClientError: the connection
# broke between two steps of one statement.
DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
STATEMENT_TIMEOUT_MS = 15_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000


# The database is not there, or asks to try again.
AWAY_ERRORS = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
)


async def open_pool(dsn: str, *, size: int, name: str) -> Pool:
    """A pool of at most `size` connections; `name` shows in pg_stat_activity.

    Raises OSError or asyncpg.PostgresError when the database can't be reached.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        command_timeout=30,
        max_inactive_connection_lifetime=300,
        reset=_keep,
        server_settings={
            "application_name": name,
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
            "jit": "off",
        },
    )


async def _keep(_connection: Connection) -> None:
    """Nothing to reset: all our settings are local to a transaction. Saves a round trip at each release."""


def database_away(error: BaseException) -> bool:
    """True when the database is away or asked to try again (a restart, a deadlock): no fault of what was asked.

    A statement that takes too long is one, and so is a value of the wrong type.
    """
    return isinstance(error, AWAY_ERRORS) and not isinstance(error, asyncpg.QueryCanceledError | ValueError)
