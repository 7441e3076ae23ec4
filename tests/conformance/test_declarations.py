"""What connectors declare fits together, before anything is asked of a vendor."""

import itertools
from collections.abc import Mapping

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from connectors.declaration import OrderTargetDeclaration, RecordSourceDeclaration
from connectors.default_mapping import known_fields
from connectors.order_flow import SettingsRefused
from connectors.order_mapping import compile_order_rules
from connectors.pairs import Pair, pairs, side_models
from connectors.protocols import DocumentType
from connectors.records import RecordKind, Removal
from connectors.registry import CONNECTORS
from mapping.fields import Field
from tests.conformance.stand import compiled, stand_of

SYSTEMS = sorted(CONNECTORS)
PAIRS = [
    pair
    for source, target in itertools.product(CONNECTORS.values(), repeat=2)
    if source is not target
    for pair in pairs(source, target)
]


MODELS = [
    pytest.param(model, id=f"{system}-{model.__name__}")
    for system, connector in CONNECTORS.items()
    for model in dict.fromkeys([connector.connection_settings, *side_models(connector)])
]


def named(pair: Pair) -> str:
    return f"{pair.kind}-{pair.source.system}-{pair.target.system}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_declared_side_has_its_place_in_this_suite(system: str):
    connector, stand = CONNECTORS[system], stand_of(system)
    orders = ({"orders"} if connector.order_source else set(), {"orders"} if connector.order_target else set())
    assert set(stand.sources) == {*connector.record_sources, *orders[0]}
    assert set(stand.targets) == {*connector.record_targets, *orders[1]}
    if connector.order_target is not None:
        assert set(stand.targets["orders"].documents) == connector.order_target.document_types


@pytest.mark.parametrize("model", MODELS)
def test_settings_explain_themselves_and_take_nothing_unknown(model: type[BaseModel]):
    for name, setting in model.model_fields.items():
        assert setting.title, f"{name} has no title"
        assert setting.description, f"{name} has no description"
    with pytest.raises(ValidationError, match="never_heard_of"):
        model.model_validate({"never_heard_of": 1})


@pytest.mark.parametrize("system", SYSTEMS)
def test_secrets_of_a_connection_never_leave_its_settings(system: str):
    model = CONNECTORS[system].connection_settings
    secret = {name for name, setting in model.model_fields.items() if setting.annotation is SecretStr}
    assert secret
    settings = model.model_construct(None, **dict.fromkeys(secret, SecretStr("not-to-be-seen")))
    shown = settings.model_dump(mode="json")
    assert "not-to-be-seen" not in f"{settings!r}{shown}{settings.model_dump_json()}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_named_list_of_choices_is_one_that_the_account_has(system: str):
    connector = CONNECTORS[system]
    known = set(connector.choices)
    for model in side_models(connector):
        for name, setting in model.model_fields.items():
            extra = setting.json_schema_extra
            wanted = extra.get("choices") if isinstance(extra, Mapping) else None
            assert wanted is None or wanted in known, f"{model.__name__}.{name} names {wanted}"
    orders = [side for side in (connector.order_source, connector.order_target) if side is not None]
    for side in (*orders, *connector.record_sources.values(), *connector.record_targets.values()):
        assert set(side.value_tables.values()) <= known
        fields: tuple[Field, ...] = getattr(side, "fields", ())
        assert {field.choices for field in fields} - {""} <= known
        assert len({field.name for field in fields}) == len(fields)


@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_the_default_mapping_compiles_for_every_pair_that_offers_the_kind(pair: Pair):
    flow = pair.parse({})
    source, target = pair.sides()
    if isinstance(target, OrderTargetDeclaration):
        compile_order_rules(pair.default_mapping({}), target.fields, target.row_fields)
        return
    assert isinstance(source, RecordSourceDeclaration)
    rules = compiled(target, flow.target, known_fields(RecordKind(pair.kind), source))
    required = {field.name for field in target.fields if field.required}
    assert not target.creates or required <= rules.targets


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.kind != "orders"], ids=named)
def test_only_removals_that_the_target_declares_can_be_set(pair: Pair):
    declared = pair.target.record_targets[RecordKind(pair.kind)].removals | {Removal.LEAVE}
    for removal in Removal:
        settings = {pair.kind: {"gone": removal}}
        if removal in declared:
            pair.parse(settings)
        else:
            with pytest.raises(SettingsRefused, match=f"cannot {removal}"):
                pair.parse(settings)


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.kind == "orders"], ids=named)
def test_only_document_types_that_the_target_declares_can_be_set(pair: Pair):
    assert pair.target.order_target is not None
    for kind in DocumentType:
        settings = {"orders": {"document_type": kind}}
        if kind in pair.target.order_target.document_types:
            pair.parse(settings)
        else:
            with pytest.raises(SettingsRefused, match="cannot make"):
                pair.parse(settings)
