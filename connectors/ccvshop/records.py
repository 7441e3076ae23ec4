"""What CCV Shop hands out and takes in beside orders: one declaration per kind of record and side."""

from collections.abc import Mapping
from typing import Final

from connectors.ccvshop.price_source import PRICE_SOURCE
from connectors.ccvshop.price_target import PRICE_TARGET
from connectors.ccvshop.product_source import PRODUCT_SOURCE
from connectors.ccvshop.product_target import PRODUCT_TARGET
from connectors.ccvshop.shipment_source import SHIPMENT_SOURCE
from connectors.ccvshop.shipment_target import SHIPMENT_TARGET
from connectors.ccvshop.stock_source import STOCK_SOURCE
from connectors.ccvshop.stock_target import STOCK_TARGET
from connectors.ccvshop.user_source import USER_SOURCE
from connectors.ccvshop.user_target import USER_TARGET
from connectors.declaration import RecordSourceDeclaration, RecordTargetDeclaration
from connectors.records import RecordKind

RECORD_SOURCES: Final[Mapping[RecordKind, RecordSourceDeclaration]] = {
    RecordKind.PRODUCTS: PRODUCT_SOURCE,
    RecordKind.STOCK: STOCK_SOURCE,
    RecordKind.PRICES: PRICE_SOURCE,
    RecordKind.CUSTOMERS: USER_SOURCE,
    RecordKind.SHIPMENTS: SHIPMENT_SOURCE,
}
RECORD_TARGETS: Final[Mapping[RecordKind, RecordTargetDeclaration]] = {
    RecordKind.PRICES: PRICE_TARGET,
    RecordKind.SHIPMENTS: SHIPMENT_TARGET,
    RecordKind.PRODUCTS: PRODUCT_TARGET,
    RecordKind.STOCK: STOCK_TARGET,
    RecordKind.CUSTOMERS: USER_TARGET,
}
