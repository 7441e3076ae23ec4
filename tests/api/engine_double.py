"""A workflow in the place of the product's: it writes down every message it hears."""

from temporalio import workflow

from workflows.messages import (
    FlowProgress,
    FlowTarget,
    IntegrationInput,
    Progress,
    Reconfigure,
    Resync,
)


@workflow.defn(name="Integration")
class HearingIntegration:
    @workflow.init
    def __init__(self, start: IntegrationInput) -> None:
        self.start = start
        self.messages: list[str] = []
        self.stopped = False

    @workflow.run
    async def run(self, start: IntegrationInput) -> None:
        await workflow.wait_condition(lambda: self.stopped)

    @workflow.signal
    def pause(self, target: FlowTarget) -> None:
        self.messages.append(f"pause {target.flow_id}".strip())

    @workflow.signal
    def resume(self, target: FlowTarget) -> None:
        self.messages.append(f"resume {target.flow_id}".strip())

    @workflow.signal
    def run_now(self, target: FlowTarget) -> None:
        self.messages.append(f"run_now {target.flow_id}".strip())

    @workflow.signal
    def poke(self, target: FlowTarget) -> None:
        self.messages.append(f"poke {target.flow_id}".strip())

    @workflow.signal
    def resync(self, wish: Resync) -> None:
        self.messages.append(f"resync {wish.model_dump_json(exclude_defaults=True)}")

    @workflow.signal
    def reconfigure(self, wish: Reconfigure) -> None:
        flows = ",".join(f"{plan.flow_id}@{plan.schedule}" for plan in wish.flows)
        self.messages.append(f"reconfigure {wish.time_zone} {flows}".strip())

    @workflow.signal
    def stop(self) -> None:
        self.messages.append("stop")
        self.stopped = True

    @workflow.query
    def heard(self) -> list[str]:
        return self.messages

    @workflow.query
    def progress(self) -> Progress:
        return Progress(
            integration_id=self.start.integration_id,
            paused=False,
            flows=[
                FlowProgress(
                    flow_id=plan.flow_id,
                    kind=plan.kind,
                    state="waiting",
                    last_run=None,
                    next_run=None,
                    cursor="",
                    page="",
                    blocked="",
                    runs=7,
                    listed=0,
                    done=0,
                    skipped=0,
                    parked=0,
                    in_flight=0,
                    released=0,
                    lag_seconds=0,
                )
                for plan in self.start.flows
            ],
        )
