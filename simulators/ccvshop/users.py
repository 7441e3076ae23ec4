"""Registered customers and their groups. Source: CCV Shop API documentation, users and user groups.

Inferred: a user name that is taken answers 500.40; letter case does not make it another name. Groups answer 500.90
while the setting ``b2b_installed`` is false.
"""

from __future__ import annotations

from simulators.ccvshop import schema
from simulators.ccvshop.building import full_user
from simulators.ccvshop.call import Call, Reply
from simulators.ccvshop.collection import Query
from simulators.ccvshop.refusal import duplicate, invalid
from simulators.ccvshop.shop import Record, Shop

_ORDER_BY = ("first_name", "id", "last_name")
_IN_CATEGORY = (None, "highest", "lowest")
_GROUP: Record = {"default": False, "groupname": "", "discount": 0, "product_in_category_discount": "highest"}


def list_users(call: Call) -> Reply:
    """``GET /users/``."""
    return _users(call, None)


def list_group_users(call: Call) -> Reply:
    """``GET /usergroups/{id}/users/``."""
    call.need_b2b()
    return _users(call, call.shop.users.where("group_id", call.found("usergroups")["id"]))


def read_user(call: Call) -> Reply:
    """``GET /users/{id}/``."""
    return 200, _rendered_user(call, call.found("users"))


def create_user(call: Call) -> Reply:
    """``POST /users/``."""
    body = schema.checked(call.body(), schema.USER_POST, required=("username", "password"))
    _check(call, body, None)
    user = full_user(call.shop, _members(body))
    call.shop.users[user["id"]] = user
    call.shop.password_writes[user["id"]] = 1
    return 201, _rendered_user(call, user)


def change_user(call: Call) -> Reply:
    """``PATCH /users/{id}/``; ``approval_status`` only while pending, and a rejected person is mailed and removed."""
    user = call.found("users")
    body = schema.checked(call.body(), schema.USER_PATCH, not_null=("username", "password", "status"))
    _check(call, body, user)
    if body.get("approval_status") == "rejected":
        call.shop.mails.append({"user_id": user["id"], "approval_status": "rejected"})
        call.shop.delete("users", user["id"])
        return 204, None
    changed = full_user(call.shop, _members(body), user)
    call.refuse_if_unchanged(changed == user and "password" not in body)
    call.shop.users[user["id"]] = changed
    if "password" in body:
        call.shop.password_writes[user["id"]] = call.shop.password_writes.get(user["id"], 0) + 1
    return 204, None


def delete_user(call: Call) -> Reply:
    """``DELETE /users/{id}/``."""
    call.shop.delete("users", call.found("users")["id"])
    return 204, None


def list_usergroups(call: Call) -> Reply:
    """``GET /usergroups/``."""
    call.need_b2b()
    query = Query(call.request)
    page = query.page(call.request, query.listed(call.shop.usergroups, ("groupname", "id")))
    return 200, page.envelope([_rendered_group(call, group) for group in page.items])


def read_usergroup(call: Call) -> Reply:
    """``GET /usergroups/{id}/``."""
    call.need_b2b()
    return 200, _rendered_group(call, call.found("usergroups"))


def create_usergroup(call: Call) -> Reply:
    """``POST /usergroups/``; that ``groupname`` is required is the simulator's choice."""
    call.need_b2b()
    body = schema.checked(call.body(), schema.USER_GROUP, required=("groupname",))
    _check_group(body)
    group = new_group(call.shop, body)
    put_group(call.shop, group)
    return 201, _rendered_group(call, group)


def change_usergroup(call: Call) -> Reply:
    """``PATCH /usergroups/{id}/``."""
    call.need_b2b()
    group = call.found("usergroups")
    body = schema.checked(call.body(), schema.USER_GROUP, not_null=tuple(schema.USER_GROUP))
    _check_group(body)
    call.refuse_if_unchanged({**group, **body} == group)
    put_group(call.shop, {**group, **body})
    return 204, None


def delete_usergroup(call: Call) -> Reply:
    """``DELETE /usergroups/{id}/``; its users stay, without a group, and its prices go."""
    call.need_b2b()
    call.shop.delete("usergroups", call.found("usergroups")["id"])
    return 204, None


def new_group(shop: Shop, given: Record) -> Record:
    """A group with every member."""
    sent = {name: value for name, value in given.items() if value is not None}
    return {"id": given.get("id") or shop.next_id("usergroups"), **_GROUP, **sent}


def put_group(shop: Shop, group: Record) -> None:
    """Store a group; a new default group takes the place of the old one."""
    if group["default"]:
        for other in list(shop.usergroups.values()):
            shop.usergroups[other["id"]] = {**other, "default": False}
    shop.usergroups[group["id"]] = group


def _users(call: Call, within: list[Record] | None) -> Reply:
    query = Query(call.request, ("approval_status",))
    wanted = query.text("approval_status")
    if wanted not in (None, "pending", "accepted"):
        raise invalid("Query parameter approval_status must be pending or accepted.")
    tests = [] if wanted is None else [lambda user: user["approval_status"] == wanted]
    page = query.page(call.request, query.listed(call.shop.users, _ORDER_BY, tests, within))
    return 200, page.envelope([_rendered_user(call, user) for user in page.items])


def _check(call: Call, body: Record, user: Record | None) -> None:
    name = body.get("username")
    if name is not None:
        if not name.strip():
            raise invalid("Property username must not be empty.")
        folded = name.casefold()
        taken = (other for other in call.shop.users.values() if other["username"].casefold() == folded)
        if any(user is None or other["id"] != user["id"] for other in taken):
            raise duplicate("username", name)
    if body.get("password") == "":
        raise invalid("Property password must not be empty.")
    if body.get("group_id") is not None and body["group_id"] not in call.shop.usergroups:
        raise invalid(f"There is no usergroup {body['group_id']}.")
    if body.get("product_in_category_discount") not in _IN_CATEGORY:
        raise invalid("Property product_in_category_discount must be highest or lowest.")
    if body.get("approval_status") is not None:
        if body["approval_status"] not in ("accepted", "rejected"):
            raise invalid("Property approval_status must be accepted or rejected.")
        if user is None or user["approval_status"] != "pending":
            raise invalid("Property approval_status can be changed while it is pending only.")
    if body.get("userinfo") is not None:
        schema.checked_customer(body["userinfo"])


def _check_group(body: Record) -> None:
    if body.get("groupname") == "":
        raise invalid("Property groupname must not be empty.")
    if body.get("product_in_category_discount") not in _IN_CATEGORY:
        raise invalid("Property product_in_category_discount must be highest or lowest.")


def _members(body: Record) -> Record:
    """What of a body is kept and shown."""
    return {name: value for name, value in body.items() if name not in ("password", "encryption", "gender")}


def _rendered_user(call: Call, user: Record) -> Record:
    return {"href": call.href("users", user["id"]), **user}


def _rendered_group(call: Call, group: Record) -> Record:
    here = ("usergroups", group["id"])
    users = {"href": call.href(*here, "users")}
    return {"href": call.href(*here), **group, "users": users}
