"""What CCV Shop hands out and takes in beside orders: one declaration per kind of record and side."""

from collections.abc import Mapping
from typing import Final

from connectors.declaration import RecordSourceDeclaration, RecordTargetDeclaration
from connectors.records import RecordKind

RECORD_SOURCES: Final[Mapping[RecordKind, RecordSourceDeclaration]] = {}
RECORD_TARGETS: Final[Mapping[RecordKind, RecordTargetDeclaration]] = {}
