"""Categories, their tree, and which products are in them. Source: CCV Shop API documentation, categories.

What becomes of the categories below a deleted one is unknown; the simulator removes the whole branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulators.ccvshop import schema
from simulators.ccvshop.call import Call, Event, Reply
from simulators.ccvshop.collection import Query, single_page
from simulators.ccvshop.photos import photo_content
from simulators.ccvshop.refusal import duplicate, invalid
from simulators.ccvshop.shop import Record, Shop

_CATEGORY: Record = {
    "name": "",
    "description": "",
    "description_photo_size": "",
    "description_photo_position": "",
    "description_bottom": "",
    "searchwords": "",
    "show_big_photo": False,
    "productphoto_in_canvas": False,
    "show_orderbutton": True,
    "orderby": "position",
    "items_per_page": 12,
    "position": 0,
    "layout_of_products_id": None,
    "layout_of_categories_id": None,
    "show_on_website": True,
    "color": None,
    "color_alternative": None,
    "meta_description": "",
    "meta_keywords": "",
    "page_title": "",
    "no_index": False,
    "no_follow": False,
    "alias": "",
    "parentcategory_id": None,
}
_PHOTOS = (("photo_source", "photo_file_type"), ("description_photo_source", "description_photo_file_type"))
_SENT_PHOTOS = frozenset(name for pair in _PHOTOS for name in pair)


def list_categories(call: Call) -> Reply:
    """``GET /categories/``."""
    query = Query(call.request)
    return _listed(call, query, query.listed(call.shop.table("categories")))


def list_children(call: Call) -> Reply:
    """``GET /categories/{id}/categories/``."""
    parent = call.found("categories")
    query = Query(call.request)
    table = call.shop.table("categories")
    return _listed(call, query, query.listed(table, within=table.where("parentcategory_id", parent["id"])))


def read_tree(call: Call) -> Reply:
    """``GET /categorytree/``: every category, below its parent, by position."""
    Query(call.request)
    return 200, {"href": call.href("categorytree"), "root_categories": _branches(call, None)}


def read_category(call: Call) -> Reply:
    """``GET /categories/{id}/``."""
    return 200, _rendered(call, call.found("categories"))


def create_category(call: Call) -> Reply:
    """``POST /categories/``."""
    body = _checked(call, schema.checked(call.body(), schema.CATEGORY, required=("name",)), None)
    category = new_category(call.shop, body)
    call.shop.table("categories")[category["id"]] = category
    call.events.append(Event("categories.created", category))
    return 201, _rendered(call, category)


def change_category(call: Call) -> Reply:
    """``PATCH /categories/{id}/``."""
    category = call.found("categories")
    body = _checked(call, schema.checked(call.body(), schema.CATEGORY, not_null=("name",)), category["id"])
    changed = {**category, **body}
    call.refuse_if_unchanged(changed == category)
    call.shop.table("categories")[category["id"]] = changed
    call.events.append(Event("categories.updated", changed))
    return 204, None


def delete_category(call: Call) -> Reply:
    """``DELETE /categories/{id}/``."""
    category = call.found("categories")
    call.shop.delete("categories", category["id"])
    call.events.append(Event("categories.deleted", category))
    return 204, None


def new_category(shop: Shop, given: Record) -> Record:
    """A category with every member.

    Raises:
        KeyError: a name is no category's member.
    """
    unknown = sorted(given.keys() - _CATEGORY.keys() - {"id"})
    if unknown:
        raise KeyError(f"A category has no {', '.join(unknown)}.")
    return {"id": given.get("id") or shop.next_id("categories"), **_CATEGORY, **given}


def list_product_links(call: Call) -> Reply:
    """``GET /products/{id}/producttocategories/``."""
    return 200, single_page(call.request, product_links(call, call.found("products")["id"]))


def list_category_links(call: Call) -> Reply:
    """``GET /categories/{id}/producttocategories/``."""
    return 200, single_page(call.request, _links(call, "category_id", call.found("categories")["id"]))


def read_link(call: Call) -> Reply:
    """``GET /producttocategories/{id}/``."""
    return 200, _rendered_link(call, call.found("producttocategories"))


def create_link(call: Call) -> Reply:
    """``POST /producttocategories/``; 500.40 for a product that is in the category, the simulator's choice."""
    required = ("product_id", "category_id")
    body = schema.checked(call.body(), schema.PRODUCT_TO_CATEGORY_POST, required=required)
    if body["product_id"] not in call.shop.products:
        raise invalid(f"There is no product {body['product_id']}.")
    if body["category_id"] not in call.shop.table("categories"):
        raise invalid(f"There is no category {body['category_id']}.")
    links = call.shop.table("producttocategories")
    if any(link["category_id"] == body["category_id"] for link in links.where("product_id", body["product_id"])):
        raise duplicate("category_id", body["category_id"])
    link = {"id": call.shop.next_id("producttocategories"), **body, "position": body.get("position") or 0}
    links[link["id"]] = link
    return 201, _rendered_link(call, link)


def change_link(call: Call) -> Reply:
    """``PATCH /producttocategories/{id}/``: the position."""
    link = call.found("producttocategories")
    body = schema.checked(call.body(), schema.PRODUCT_TO_CATEGORY_PATCH, not_null=("position",))
    call.refuse_if_unchanged({**link, **body} == link)
    call.shop.table("producttocategories")[link["id"]] = {**link, **body}
    return 204, None


def delete_link(call: Call) -> Reply:
    """``DELETE /producttocategories/{id}/``."""
    call.shop.delete("producttocategories", call.found("producttocategories")["id"])
    return 204, None


def product_links(call: Call, product_id: int) -> list[Record]:
    """The category links of a product as answers show them."""
    return _links(call, "product_id", product_id)


def _listed(call: Call, query: Query, rows: Sequence[Record]) -> Reply:
    page = query.page(call.request, rows)
    return 200, page.envelope([_rendered(call, category) for category in page.items])


def _links(call: Call, member: str, record_id: int) -> list[Record]:
    return [_rendered_link(call, link) for link in call.shop.table("producttocategories").where(member, record_id)]


def _branches(call: Call, parent_id: int | None) -> list[Record]:
    children = call.shop.table("categories").where("parentcategory_id", parent_id)
    return [
        {
            "href": call.href("categories", category["id"]),
            **{name: category[name] for name in ("id", "name", "description", "position", "show_on_website")},
            "deeplink": _deeplink(call, category),
            "children": _branches(call, category["id"]),
        }
        for category in sorted(children, key=lambda category: (category["position"], category["id"]))
    ]


def _checked(call: Call, body: Record, own_id: int | None) -> Record:
    schema.check_lengths(body, {"name": 255})
    parent_id = body.get("parentcategory_id")
    while parent_id is not None:
        if parent_id == own_id:
            raise invalid("A category cannot be below itself.")
        parent = call.shop.table("categories").get(parent_id)
        if parent is None:
            raise invalid(f"There is no category {parent_id}.")
        parent_id = parent["parentcategory_id"]
    for source, file_type in _PHOTOS:
        if body.get(source) is not None:
            photo_content(body.get(file_type) or "", body[source])
    empty_as_default: dict[str, Any] = {
        name: _CATEGORY[name] if value is None else value for name, value in body.items() if name not in _SENT_PHOTOS
    }
    return empty_as_default


def _deeplink(call: Call, category: Record) -> str:
    return f"{call.request.base_url}/category/{category['id']}/"


def _rendered(call: Call, category: Record) -> Record:
    here = ("categories", category["id"])
    parent_id = category["parentcategory_id"]
    shown = {
        name: value for name, value in category.items() if name not in ("parentcategory_id", "layout_of_products_id")
    }
    return {
        "href": call.href(*here),
        **shown,
        "deeplink": _deeplink(call, category),
        "producttocategories": {"href": call.href(*here, "producttocategories")},
        "categories": {"href": call.href(*here, "categories")},
        "parentcategory": None if parent_id is None else {"id": parent_id, "href": call.href("categories", parent_id)},
    }


def _rendered_link(call: Call, link: Record) -> Record:
    return {
        "href": call.href("producttocategories", link["id"]),
        **link,
        "product_href": call.href("products", link["product_id"]),
        "category_href": call.href("categories", link["category_id"]),
    }
