"""What is written into Temporal can be read by whoever holds the keys, now and after a renewal, and by nobody else."""

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from store import KeyRing
from store.keys import UndecipherableError
from tests.workflows.rig import ALL, Rig, plan
from workflows.converter import ENCODING, EncryptionCodec, encrypted_converter
from workflows.messages import FlowTarget

CANARY = b"canary@example.nl"


def payload(data: bytes = CANARY) -> Payload:
    """A payload as the pydantic converter writes it."""
    return Payload(metadata={"encoding": b"json/plain", "note": CANARY}, data=data)


async def test_a_payload_comes_back_whole_and_shows_nothing():
    codec = EncryptionCodec(KeyRing.generate())
    for plain in (payload(), payload(b""), payload(CANARY * 100_000)):
        [sealed] = await codec.encode([plain])
        assert sealed.metadata == {"encoding": ENCODING}
        assert CANARY not in sealed.SerializeToString()
        assert await codec.decode([sealed]) == [plain]


async def test_payloads_of_another_encoding_pass():
    codec = EncryptionCodec(KeyRing.generate())
    foreign = payload()
    [sealed] = await codec.encode([payload(b"ours")])
    assert await codec.decode([foreign, sealed]) == [foreign, payload(b"ours")]


async def test_another_key_opens_nothing():
    [sealed] = await EncryptionCodec(KeyRing.generate("old")).encode([payload()])
    for ring in (KeyRing.generate("old"), KeyRing.generate("new")):
        with pytest.raises(UndecipherableError) as refused:
            await EncryptionCodec(ring).decode([sealed])
        assert CANARY.decode() not in str(refused.value)


async def test_a_changed_payload_is_refused():
    codec = EncryptionCodec(KeyRing.generate())
    [sealed] = await codec.encode([payload()])
    sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
    with pytest.raises(UndecipherableError):
        await codec.decode([sealed])


async def test_keys_are_renewed_while_an_integration_runs(temporal_address: str):
    old = KeyRing.generate("old")
    renewed = KeyRing.parse(f"{KeyRing.generate('new').to_text()},{old.to_text()}")
    rig = Rig(await Client.connect(temporal_address, data_converter=encrypted_converter(old)))
    rig.edge.pages.append(["1"])
    async with rig.working():
        await rig.start(plan())
        await rig.idle()
    edge, queue = rig.edge, rig.queue
    rig = Rig(await Client.connect(temporal_address, data_converter=encrypted_converter(renewed)), None, edge, queue)
    async with rig.working():
        await rig.signal("pause", FlowTarget())
        await rig.signal("resume", ALL)
        flow = await rig.idle(after_run=2)
        assert (flow.listed, flow.done) == (1, 1)
        [history] = await rig.chain()
        await rig.integration.terminate()
    inputs = [
        event.workflow_execution_signaled_event_attributes.input.payloads[0].data
        for event in history
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert len(inputs) == 2
    assert all(data.startswith(renewed.header()) for data in inputs)
    assert history[0].workflow_execution_started_event_attributes.input.payloads[0].data.startswith(old.header())
