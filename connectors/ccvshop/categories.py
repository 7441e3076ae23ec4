"""The shop's tree of categories, by paths of names. Source: CCV Shop API documentation, categories."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from commerce.problems import Problem, ProblemCode
from connectors.ccvshop.api import ROOT
from connectors.client import VendorClient
from connectors.errors import RecordRefused, Temporary

Path = tuple[str, ...]
_LONGEST_NAME = 255


def folded(path: Path) -> Path:
    """A path for comparing: without regard to case and blanks."""
    return tuple(" ".join(name.split()).casefold() for name in path)


def wanted_paths(record: str, value: Any) -> list[Path]:
    """The paths that a mapping gave: a list of names from the top, or of texts such as ``Kitchen > Mugs``.

    Raises:
        RecordRefused: It is something else, or a name is longer than the shop takes.
    """
    paths: list[Path] = []
    for entry in value if isinstance(value, list | tuple) else [None]:
        names = entry.split(">") if isinstance(entry, str) else entry
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise _refusal(record, str(value)[:60], "is not a list of category paths")
        path = tuple(name.strip() for name in names if name.strip())
        if any(len(name) > _LONGEST_NAME for name in path):
            raise _refusal(record, " > ".join(path)[:60], f"has a name of more than {_LONGEST_NAME} characters")
        if path and folded(path) not in map(folded, paths):
            paths.append(path)
    return paths


class CategoryTree:
    """Every category of one shop, read when it is first needed and after `forget`."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client
        self._paths: dict[int, Path] | None = None
        self._ids: dict[Path, int] = {}

    def forget(self) -> None:
        """Read the tree again when it is next needed: people may have changed it."""
        self._paths = None

    async def paths(self, category_ids: Sequence[int]) -> list[Path]:
        """The paths of categories that still exist, in the given order."""
        known = await self._known() if category_ids else {}
        return [known[category_id] for category_id in category_ids if category_id in known]

    async def find(self, path: Path) -> int | None:
        """The category at a path; of several with one name, the one that was there first."""
        await self._known()
        return self._ids.get(folded(path))

    async def require(self, path: Path) -> int:
        """The category at a path; what is missing of it is created, shown on the website."""
        parent: int | None = None
        for depth in range(1, len(path) + 1):
            found = await self.find(path[:depth])
            parent = await self._create(path[:depth], parent) if found is None else found
        if parent is None:
            raise ValueError("a category path has at least one name")
        return parent

    async def rename(self, category_id: int, name: str) -> None:
        """Give a category another name; everything in it stays."""
        path = f"{ROOT}/categories/{category_id}/"
        await self._client.write("PATCH", path, {"name": name}, operation=f'rename a category to "{name}"')
        self._paths = None

    async def _create(self, path: Path, parent: int | None) -> int:
        body = {"name": path[-1], "show_on_website": True} | ({} if parent is None else {"parentcategory_id": parent})
        operation = f'create the category "{" > ".join(path)}"'
        answer = await self._client.write("POST", f"{ROOT}/categories/", body, operation=operation)
        created = answer.body.get("id") if isinstance(answer.body, dict) else None
        if isinstance(created, int) and self._paths is not None:
            self._paths[created] = path
            self._ids[folded(path)] = created
            return created
        self._paths = None
        found = await self.find(path)
        if found is None:
            raise Temporary(f"CCV Shop does not show the category it was asked to create: {' > '.join(path)}.")
        return found

    async def _known(self) -> dict[int, Path]:
        if self._paths is None:
            answer = await self._client.read("GET", f"{ROOT}/categorytree/", operation="read the tree of categories")
            roots = answer.body.get("root_categories") if isinstance(answer.body, dict) else None
            if not isinstance(roots, list):
                raise Temporary("CCV Shop answered with something that is not a tree of categories.")
            known = dict(_walk(roots))
            self._ids = {}
            for category_id, path in sorted(known.items()):
                self._ids.setdefault(folded(path), category_id)
            self._paths = known
        return self._paths


def _walk(roots: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Path]]:
    waiting: list[tuple[Path, Mapping[str, Any]]] = [((), root) for root in roots]
    while waiting:
        above, node = waiting.pop()
        path = (*above, str(node.get("name") or "").strip())
        if isinstance(node.get("id"), int):
            yield node["id"], path
        waiting += [(path, child) for child in node.get("children") or []]


def _refusal(record: str, value: str, fault: str) -> RecordRefused:
    sentence = f'{record}: "{value}" {fault}. Correct the mapping row for categories or the category, then retry.'
    return RecordRefused(Problem(code=ProblemCode.INVALID_VALUE, field="categories", value=value, sentence=sentence))
