"""The application: every area's endpoints behind one door."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from api import codec, documentation, health, pairs, problems, session, systems
from api.authentication import Authentication
from api.connections import endpoints as connections
from api.connections import oauth
from api.flows import endpoints as flows
from api.integrations import endpoints as integrations
from api.items import endpoints as items
from api.mapping import endpoints as mapping
from api.problem_documents import MEDIA_TYPE, LastResort, ProblemDocument, install_problem_documents
from api.rehearsals import endpoints as rehearsals
from api.services import Services


def create_app(services: Services) -> FastAPI:
    """The API over the given services; opening and closing them is the caller's."""
    app = FastAPI(
        title="Longshore",
        version=_version(),
        description="Keeps a web shop and the systems behind it in agreement.",
        docs_url=None,
        redoc_url=None,
        responses={
            "default": {
                "model": ProblemDocument,
                "description": "A problem document (RFC 9457).",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
            }
        },
    )
    app.state.services = services
    install_problem_documents(app)
    areas = (
        session,
        documentation,
        systems,
        pairs,
        connections,
        oauth,
        integrations,
        flows,
        mapping,
        items,
        rehearsals,
        problems,
        codec,
        health,
    )
    for area in areas:
        app.include_router(area.router)
    app.add_middleware(Authentication, services=services)
    app.add_middleware(LastResort)
    return app


def _version() -> str:
    try:
        return version("longshore")
    except PackageNotFoundError:
        return "0"
