"""What eAccounting hands out and takes in beside orders: one declaration per kind of record and side."""

from collections.abc import Mapping
from typing import Final

from connectors.declaration import RecordSourceDeclaration, RecordTargetDeclaration
from connectors.eaccounting.customer_source import CUSTOMER_SOURCE
from connectors.eaccounting.customer_target import CUSTOMER_TARGET
from connectors.eaccounting.price_source import PRICE_SOURCE
from connectors.eaccounting.price_target import PRICE_TARGET
from connectors.eaccounting.product_source import PRODUCT_SOURCE
from connectors.eaccounting.product_target import PRODUCT_TARGET
from connectors.eaccounting.shipment_source import SHIPMENT_SOURCE
from connectors.eaccounting.shipment_target import SHIPMENT_TARGET
from connectors.eaccounting.stock_source import STOCK_SOURCE
from connectors.eaccounting.stock_target import STOCK_TARGET
from connectors.records import RecordKind

RECORD_SOURCES: Final[Mapping[RecordKind, RecordSourceDeclaration]] = {
    RecordKind.PRODUCTS: PRODUCT_SOURCE,
    RecordKind.STOCK: STOCK_SOURCE,
    RecordKind.PRICES: PRICE_SOURCE,
    RecordKind.CUSTOMERS: CUSTOMER_SOURCE,
    RecordKind.SHIPMENTS: SHIPMENT_SOURCE,
}
RECORD_TARGETS: Final[Mapping[RecordKind, RecordTargetDeclaration]] = {
    RecordKind.PRODUCTS: PRODUCT_TARGET,
    RecordKind.STOCK: STOCK_TARGET,
    RecordKind.PRICES: PRICE_TARGET,
    RecordKind.CUSTOMERS: CUSTOMER_TARGET,
    RecordKind.SHIPMENTS: SHIPMENT_TARGET,
}
