"""Who may do what: the whole table, and every row of it tried by everybody."""

import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute

from server.access import Anyone, SignedIn, UnguardedRoute, Viewer, check_rules, rules_of
from tests.server.conftest import ORIGIN, House

W = "/api/workspaces/{workspace}"

RULES = {
    ("GET", "/healthz"): "public",
    ("HEAD", "/healthz"): "public",
    ("GET", "/readyz"): "public",
    ("HEAD", "/readyz"): "public",
    ("GET", "/metrics"): "monitoring",
    ("HEAD", "/metrics"): "monitoring",
    ("POST", "/api/workspaces/{workspace}/events"): "editor of the workspace",
    ("GET", "/api/asyncapi.json"): "public",
    ("GET", "/api/openapi.json"): "public",
    ("GET", "/"): "public",
    ("HEAD", "/"): "public",
    ("GET", "/w/{path}"): "public",
    ("HEAD", "/w/{path}"): "public",
    ("GET", "/figures/{path}"): "public",
    ("HEAD", "/figures/{path}"): "public",
    ("GET", "/assets/{path}"): "public",
    ("HEAD", "/assets/{path}"): "public",
    ("GET", "/diagram.html"): "public",
    ("HEAD", "/diagram.html"): "public",
    ("GET", "/{name}"): "public",
    ("HEAD", "/{name}"): "public",
    ("SOCKET", "/{path}"): "public",
    ("POST", "/api/signin"): "public",
    ("POST", "/api/signout"): "signed in",
    ("GET", "/api/me"): "signed in",
    ("PATCH", "/api/me"): "signed in",
    ("GET", "/api/tokens"): "signed in",
    ("POST", "/api/tokens"): "signed in",
    ("DELETE", "/api/tokens/{id}"): "whose token it is",
    ("GET", "/api/invites/{code}"): "public",
    ("POST", "/api/invites/{code}"): "public",
    ("GET", "/api/workspaces"): "signed in",
    ("POST", "/api/workspaces"): "signed in",
    ("GET", W): "viewer of the workspace",
    ("PATCH", W): "owner of the workspace",
    ("DELETE", W): "owner of the workspace",
    ("GET", f"{W}/settings"): "viewer of the workspace",
    ("GET", f"{W}/members"): "viewer of the workspace",
    ("PATCH", f"{W}/members/{{user}}"): "owner of the workspace",
    ("DELETE", f"{W}/members/{{user}}"): "owner of the workspace, or that member",
    ("GET", f"{W}/invites"): "owner of the workspace",
    ("POST", f"{W}/invites"): "owner of the workspace",
    ("GET", f"{W}/invites/{{id}}"): "owner of the workspace",
    ("DELETE", f"{W}/invites/{{id}}"): "owner of the workspace",
    ("GET", f"{W}/tree"): "viewer of the workspace",
    ("GET", f"{W}/files/{{path}}"): "viewer of the workspace",
    ("HEAD", f"{W}/files/{{path}}"): "viewer of the workspace",
    ("PUT", f"{W}/files/{{path}}"): "editor of the workspace",
    ("DELETE", f"{W}/files/{{path}}"): "editor of the workspace",
    ("PUT", f"{W}/folders/{{path}}"): "editor of the workspace",
    ("DELETE", f"{W}/folders/{{path}}"): "editor of the workspace",
    ("POST", f"{W}/moves"): "editor of the workspace",
    ("GET", f"{W}/trash"): "viewer of the workspace",
    ("POST", f"{W}/trash/{{id}}/restore"): "editor of the workspace",
    ("GET", f"{W}/knowledge"): "viewer of the workspace",
    ("GET", f"{W}/knowledge/search"): "viewer of the workspace",
    ("GET", f"{W}/search"): "viewer of the workspace",
    ("GET", f"{W}/search/matches"): "viewer of the workspace",
    ("POST", f"{W}/search/replace"): "editor of the workspace",
    ("POST", f"{W}/diagnostics"): "viewer of the workspace",
    ("POST", f"{W}/import"): "editor of the workspace",
    ("POST", f"{W}/examples"): "editor of the workspace",
    ("GET", f"{W}/export"): "viewer of the workspace",
    ("GET", f"{W}/documents/{{id}}"): "viewer of the workspace",
    ("GET", f"{W}/documents/{{id}}/versions"): "viewer of the workspace",
    ("POST", f"{W}/documents/{{id}}/versions"): "editor of the workspace",
    ("GET", f"{W}/documents/{{id}}/versions/{{version}}"): "viewer of the workspace",
    ("GET", f"{W}/documents/{{id}}/versions/{{version}}/diff"): "viewer of the workspace",
    ("POST", f"{W}/documents/{{id}}/versions/{{version}}/restore"): "editor of the workspace",
    ("GET", f"{W}/documents/{{id}}/attribution"): "viewer of the workspace",
    ("GET", f"{W}/comments"): "viewer of the workspace",
    ("GET", f"{W}/documents/{{id}}/comments"): "viewer of the workspace",
    ("POST", f"{W}/documents/{{id}}/comments"): "editor of the workspace",
    ("POST", f"{W}/comments/{{id}}/messages"): "editor of the workspace",
    ("PATCH", f"{W}/comments/{{id}}/messages/{{message}}"): "editor of the workspace",
    ("DELETE", f"{W}/comments/{{id}}/messages/{{message}}"): "editor of the workspace",
    ("POST", f"{W}/comments/{{id}}/resolution"): "editor of the workspace",
    ("GET", f"{W}/webhooks"): "owner of the workspace",
    ("POST", f"{W}/webhooks"): "owner of the workspace",
    ("PATCH", f"{W}/webhooks/{{id}}"): "owner of the workspace",
    ("DELETE", f"{W}/webhooks/{{id}}"): "owner of the workspace",
    ("POST", f"{W}/webhooks/{{id}}/ping"): "owner of the workspace",
    ("GET", f"{W}/webhooks/{{id}}/deliveries"): "owner of the workspace",
    ("POST", f"{W}/webhooks/{{id}}/deliveries/{{event}}/retry"): "owner of the workspace",
    ("SOCKET", f"{W}/events"): "viewer of the workspace",
    ("SOCKET", "/sync/{workspace}/{document}"): "viewer of the workspace",
    ("GET", f"{W}/ai/status"): "viewer of the workspace",
    ("GET", f"{W}/ai/endpoints"): "viewer of the workspace",
    ("GET", f"{W}/ai/recipes"): "viewer of the workspace",
    ("POST", f"{W}/ai/config/check"): "editor of the workspace",
    ("GET", f"{W}/figures"): "viewer of the workspace",
    ("POST", f"{W}/ai/edits"): "editor of the workspace",
    ("POST", f"{W}/ai/files"): "editor of the workspace",
    ("POST", f"{W}/ai/knowledge"): "editor of the workspace",
    ("POST", f"{W}/ai/writes"): "editor of the workspace",
    ("POST", f"{W}/ai/chat"): "editor of the workspace",
    ("POST", f"{W}/ai/completions"): "editor of the workspace",
    ("POST", f"{W}/ai/completions/{{id}}/decision"): "editor of the workspace",
    ("GET", f"{W}/conversations"): "viewer of the workspace",
    ("GET", f"{W}/conversations/{{id}}"): "viewer of the workspace",
    ("PATCH", f"{W}/conversations/{{id}}"): "editor of the workspace",
    ("DELETE", f"{W}/conversations/{{id}}"): "editor of the workspace",
    ("POST", f"{W}/conversations/{{id}}/messages/{{message}}/retry"): "editor of the workspace",
    ("POST", f"{W}/conversations/{{id}}/messages/{{message}}/proposals"): "editor of the workspace",
    ("GET", "/api/jobs/{id}"): "viewer of the workspace of the job",
    ("DELETE", "/api/jobs/{id}"): "editor of the workspace of the job",
    ("GET", f"{W}/jobs"): "viewer of the workspace",
    ("POST", "/api/jobs/{id}/retry"): "editor of the workspace of the job",
    ("POST", "/api/jobs/{id}/dismissal"): "editor of the workspace of the job",
    ("GET", f"{W}/suggestions"): "viewer of the workspace",
    ("GET", "/api/suggestions/{id}"): "viewer of the workspace of the suggestion",
    ("POST", "/api/suggestions/{id}/decisions"): "editor of the workspace of the suggestion",
    ("POST", "/api/suggestions/{id}/retry"): "editor of the workspace of the suggestion",
    ("GET", f"{W}/notices"): "viewer of the workspace",
    ("POST", f"{W}/notices/{{id}}/decision"): "editor of the workspace",
    ("POST", f"{W}/notices/read"): "viewer of the workspace",
    ("GET", f"{W}/feedback"): "owner of the workspace",
    ("DELETE", f"{W}/feedback"): "owner of the workspace",
    ("GET", f"{W}/feedback/records"): "viewer of the workspace",
    ("GET", f"{W}/feedback/records/{{id}}"): "viewer of the workspace",
    ("DELETE", f"{W}/feedback/records/{{id}}"): "owner of the workspace",
}

RANK = {"stranger": 0, "viewer": 1, "editor": 2, "owner": 3}
NOBODY = "0" * 32
HTTP = sorted(row for row in RULES if row[0] != "SOCKET")
UNSAFE = [row for row in HTTP if row[0] not in ("GET", "HEAD")]


def admits(rule: str, who: str | None) -> bool:
    if rule in ("public", "monitoring"):  # the tests run on the machine itself, which may look at the figures
        return True
    if who is None:
        return False
    if " of the workspace" in rule:
        return RANK[who] >= RANK[rule.split()[0]]
    return True


def test_the_table_names_every_route_and_its_rule(house: House) -> None:
    found = {}
    for route in house.app.routes:
        [rule] = rules_of(route)
        if isinstance(route, APIRoute):
            found.update({(method, route.path_format): rule.description for method in route.methods})
        elif isinstance(route, APIWebSocketRoute):
            found["SOCKET", route.path_format] = rule.description
    assert found == RULES


def test_a_route_without_a_rule_does_not_get_into_an_application() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/open")
    async def forgotten() -> None: ...

    with pytest.raises(UnguardedRoute, match="/open has 0"):
        check_rules(app.routes)


def test_nor_does_one_with_two_rules_or_of_a_kind_that_cannot_carry_any() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/both", dependencies=[Depends(SignedIn())])
    async def both(member: Viewer) -> None: ...

    with pytest.raises(UnguardedRoute, match="/both has 2"):
        check_rules(app.routes)
    mounted = FastAPI(openapi_url=None)
    mounted.mount("/files", app)
    with pytest.raises(UnguardedRoute, match="/files has 0"):
        check_rules(mounted.routes)
    with pytest.raises(UnguardedRoute):
        check_rules(FastAPI().routes)  # FastAPI's own pages


def test_a_rule_below_another_dependency_counts() -> None:
    app = FastAPI(openapi_url=None)

    def visitor(_: Anyone) -> None: ...

    @app.get("/nested", dependencies=[Depends(visitor)])
    async def nested() -> None: ...

    check_rules(app.routes)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("method", "path"), HTTP, ids=map(" ".join, HTTP))
async def test_every_route_admits_whom_its_rule_admits(house: House, method: str, path: str) -> None:
    for who in (None, *RANK):
        workspace = await fresh_workspace(house)
        answer = await house.http(who).request(method, filled(path, workspace), **body_of(method))
        allowed = answer.status_code not in (401, 403)
        if "{id}" in path and not path.startswith(W) and who is not None:
            assert answer.status_code in (404, 422), f"{who}: {answer.text}"  # there is no such thing to be allowed to
            continue
        assert allowed == admits(RULES[method, path], who), f"{who}: {answer.status_code} {answer.text}"
        if not allowed:
            assert answer.status_code == (401 if who is None else 403)
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_thing_with_an_address_of_its_own_is_guarded_by_its_workspace(house: House) -> None:
    workspace = await fresh_workspace(house)
    asked = await house.http("editor").post(f"/api/workspaces/{workspace}/ai/chat", json={"message": "Hello?"})
    job = f"/api/jobs/{asked.json()['job']}"
    reading = {who: (await house.http(who).get(job)).status_code for who in (None, *RANK)}
    assert reading == {None: 401, "stranger": 404, "viewer": 200, "editor": 200, "owner": 200}
    cancelling = {who: (await house.http(who).delete(job)).status_code for who in (None, *RANK)}
    assert cancelling == {None: 401, "stranger": 404, "viewer": 403, "editor": 200, "owner": 200}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("method", "path"), UNSAFE, ids=map(" ".join, UNSAFE))
async def test_no_other_page_can_use_a_session(house: House, method: str, path: str) -> None:
    workspace = await fresh_workspace(house)
    url, body = filled(path, workspace), body_of(method)
    foreign = ["http://127.0.0.1:9000", "https://127.0.0.1:8000", "http://evil.example", "null"]
    for origin in foreign:
        browser = await house.browser("owner", Origin=origin)
        assert (await browser.request(method, url, **body)).status_code == 403, origin
    if RULES[method, path] != "public":
        assert (await (await house.browser("owner")).request(method, url, **body)).status_code == 403
    own = await (await house.browser("owner", Origin=ORIGIN)).request(method, url, **body)
    assert own.status_code not in (401, 403)


@pytest.mark.asyncio(loop_scope="module")
async def test_reading_with_a_session_needs_no_origin(house: House) -> None:
    assert (await (await house.browser("viewer")).get("/api/me")).status_code == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_a_bad_token_is_not_made_good_by_a_cookie(house: House) -> None:
    browser = await house.browser("owner", Authorization="Bearer wrong")
    assert (await browser.get("/api/me")).status_code == 401


@pytest.mark.asyncio(loop_scope="module")
async def test_a_token_in_the_query_is_for_sockets_alone(house: House) -> None:
    assert (await house.http().get("/api/me", params={"token": house.tokens["owner"]})).status_code == 401


@pytest.mark.asyncio(loop_scope="module")
async def test_the_same_answer_for_a_foreign_workspace_and_for_none(house: House) -> None:
    stranger = house.http("stranger")
    foreign = await stranger.get(f"/api/workspaces/{house.workspace}/tree")
    none = await stranger.get(f"/api/workspaces/{NOBODY}/tree")
    assert foreign.status_code == none.status_code == 403
    assert foreign.json() == none.json()


async def fresh_workspace(house: House) -> str:
    """One of its own for each row, since some rows delete it."""
    identity = house.services.identity
    workspace = (await identity.workspaces.create("Row", house.users["owner"].id)).id
    await house.services.files.create_workspace(workspace)
    for role in ("owner", "editor", "viewer"):
        await identity.members.join(workspace, house.users[role].id, role)  # type: ignore[arg-type]
    return workspace


def filled(path: str, workspace: str) -> str:
    for name, value in {"workspace": workspace, "path": "a.txt", "code": "none", "name": "favicon.ico"}.items():
        path = path.replace(f"{{{name}}}", value)
    return (
        path.replace("{id}", NOBODY)
        .replace("{user}", NOBODY)
        .replace("{document}", NOBODY)
        .replace("{version}", NOBODY)
        .replace("{message}", NOBODY)
    )


def body_of(method: str) -> dict[str, object]:
    return {"json": {}} if method in ("POST", "PATCH", "PUT") else {}
