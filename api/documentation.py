"""The API's description as one page for people; served whole, so that no other address takes part in a session."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.authentication import CurrentWorkspace

router = APIRouter(include_in_schema=False)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; text-transform: capitalize; } h3 { margin: 1.5rem 0 0; font-size: 1rem; }
code, h3 { font-family: ui-monospace, monospace; } table { border-collapse: collapse; margin: .5rem 0; }
td { border-top: 1px solid #8888; padding: .2rem 1rem .2rem 0; vertical-align: top; } p { margin: .25rem 0; }
:root { color-scheme: light dark; }
"""


@router.get("/docs")
async def documentation(request: Request, _workspace: CurrentWorkspace) -> HTMLResponse:
    """Every endpoint with what it takes, from the same description as `/openapi.json`."""
    page = render(request.app.openapi())
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"})


def render(description: Mapping[str, Any]) -> str:
    """The page of an OpenAPI description."""
    title = escape(f"{description['info']['title']} {description['info']['version']}")
    areas: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            area = operation.get("tags", ["other"])[0]
            areas.setdefault(area, []).append(_operation(description, method, path, operation))
    sections = "".join(f"<section><h2>{escape(area)}</h2>{''.join(found)}</section>" for area, found in areas.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>'
        "<p>Every call needs <code>Authorization: Bearer &lt;token&gt;</code>. For machines: "
        f'<a href="/openapi.json">openapi.json</a>.</p>{sections}</body></html>'
    )


def _operation(description: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = [
        (entry["name"], f"{entry['in']}{', required' if entry.get('required') else ''}", entry["schema"], entry)
        for entry in operation.get("parameters", [])
        if entry["in"] != "cookie"
    ]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = _resolved(description, content.get("schema", {}))
    required = body.get("required", [])
    rows += [
        (name, f"body{', required' if name in required else ''}", schema, schema)
        for name, schema in body.get("properties", {}).items()
    ]
    cells = (
        (f"<code>{escape(name)}</code>", escape(place), escape(_kind(schema)), escape(about.get("description", "")))
        for name, place, schema, about in rows
    )
    return (
        f"<h3>{escape(method.upper())} {escape(path)}</h3>"
        f"<p>{escape(operation.get('description', operation.get('summary', '')))}</p>{_table(cells)}"
    )


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{lines}</table>" if lines else ""


def _resolved(description: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, or the one it refers to; of alternatives the first that is not null."""
    for option in schema.get("anyOf", []):
        if option.get("type") != "null":
            return _resolved(description, option)
    if "$ref" in schema:
        found: Mapping[str, Any] = description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    return schema


def _kind(schema: Mapping[str, Any]) -> str:
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    kinds = (str(option.get("type") or option.get("$ref", "any").rsplit("/", 1)[-1]) for option in options)
    return " or ".join(dict.fromkeys(kinds))
