"""Decide: when, in what order, what next. Deterministic; ids, cursors, counts and problem codes only."""

from workflows.integration import IntegrationWorkflow
from workflows.order import OrderWorkflow

WORKFLOWS: list[type] = [IntegrationWorkflow, OrderWorkflow]

__all__ = ["WORKFLOWS", "IntegrationWorkflow", "OrderWorkflow"]
