"""What stands behind the endpoints: something to do for one workspace."""

from api.authentication import CurrentWorkspace
from api.engine import Engine
from api.services import CurrentServices


class WorkspaceService:
    """The part that all of them share. FastAPI makes one for each request that depends on it."""

    def __init__(self, services: CurrentServices, workspace_id: CurrentWorkspace) -> None:
        self._services = services
        self._store = services.store
        self._workspace_id = workspace_id
        self._engine = Engine(services.temporal)
