"""What all tables share: the two collections, how moments are stored, the reference to the audit entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, LargeBinary, MetaData
from sqlalchemy.types import TypeDecorator

SCHEMAS: Final = ("log", "auth", "casework", "exchange")
KEYSTORE_SCHEMA: Final = "keystore"

_NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, UTC. `moment` must be aware."""
    return (moment - _EPOCH) // _MICROSECOND


#: A year away from what a date can hold, so that a local time, or a term counted from it, is a moment too.
_FIRST: Final = to_micros(datetime(2, 1, 1, tzinfo=UTC))
_LAST: Final = to_micros(datetime(9998, 12, 31, tzinfo=UTC))


def from_micros(value: int) -> datetime:
    """A number that is no moment of any calendar is the first or the last: rows come from other zones' roles too."""
    return _EPOCH + timedelta(microseconds=min(max(value, _FIRST), _LAST))


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else from_micros(value)


main = MetaData(naming_convention=_NAMING)
keys = MetaData(naming_convention=_NAMING)


def entry_reference() -> Column[bytes]:
    """The operation's audit entry. Immediate on both databases: a row without its entry cannot even be written."""
    return Column("entry_id", LargeBinary(16), ForeignKey("log.entries.entry_id"), nullable=False)
