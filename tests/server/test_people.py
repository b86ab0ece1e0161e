"""Signing in, inviting, members, tokens."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest

from server.identity.users import COLORS
from tests.server.conftest import ORIGIN, House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_sign_in_link_works_once_even_for_two_at_once(house: House) -> None:
    code = await house.services.identity.links.create(house.users["owner"].id)
    answers = await asyncio.gather(*(house.http().post("/api/signin", json={"code": code}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    [good] = [answer for answer in answers if answer.status_code == 200]
    assert good.json()["user"]["id"] == house.users["owner"].id


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(house: House) -> None:
    code = await house.services.identity.links.create(house.users["owner"].id)
    answer = await house.http().post("/api/signin", json={"code": code})
    cookie = SimpleCookie(answer.headers["set-cookie"])["scriptorium_8000"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["secure"]
    code = await house.services.identity.links.create(house.users["owner"].id)
    async with house.http() as http:
        http.base_url = ORIGIN.replace("http:", "https:")
        answer = await http.post("/api/signin", json={"code": code})
    assert SimpleCookie(answer.headers["set-cookie"])["scriptorium_8000"]["secure"]


async def test_nothing_secret_is_stored_in_the_clear(house: House) -> None:
    identity, db = house.services.identity, house.services.storage.db
    secrets = [
        await identity.sessions.create(house.users["owner"].id),
        await identity.links.create(house.users["owner"].id),
        (await identity.tokens.create(house.users["owner"].id, "x"))[1],
    ]
    owner = house.http("owner")
    secrets.append(
        (await owner.post(f"/api/workspaces/{house.workspace}/invites", json={"role": "viewer"})).json()["code"]
    )
    stored = ""
    for collection in await db.list_collection_names():
        stored += str([record async for record in db[collection].find({})])
    assert not [secret for secret in secrets if secret in stored]


@pytest.mark.parametrize("uses", [0, -1, 2**53, 2**63, 10**400])
async def test_a_number_of_uses_that_nobody_can_store(house: House, uses: int) -> None:
    path = f"/api/workspaces/{house.workspace}/invites"
    answer = await house.http("owner").post(path, json={"role": "viewer", "uses": uses})
    assert answer.status_code == 422, answer.text


async def test_signing_out_ends_the_session(house: House) -> None:
    http = await house.browser("editor", Origin=ORIGIN)
    assert (await http.get("/api/me")).status_code == 200
    cookies = dict(http.cookies)
    answer = await http.post("/api/signout")
    assert answer.status_code == 204
    assert 'scriptorium_8000=""' in answer.headers["set-cookie"]
    again = house.http()
    again.cookies.update(cookies)
    assert (await again.get("/api/me")).status_code == 401


async def test_a_session_expires_and_using_it_keeps_it_alive(house: House) -> None:
    sessions, records = house.services.identity.sessions, house.services.storage.db["sessions"]
    token = await sessions.create(house.users["viewer"].id)
    session = await sessions.find(token)
    assert session is not None
    await records.update_one({"_id": session.id}, {"$set": {"expires_at": datetime.now(UTC) + timedelta(minutes=1)}})
    await sessions.find(token)
    record = await records.find_one({"_id": session.id})
    assert record is not None
    assert record["expires_at"] > datetime.now(UTC) + timedelta(days=29)
    await records.update_one({"_id": session.id}, {"$set": {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}})
    assert await sessions.find(token) is None
    await house.services.identity.sweep()
    assert await records.find_one({"_id": session.id}) is None


async def test_me_names_me_and_my_workspaces(house: House) -> None:
    me = (await house.http("editor").get("/api/me")).json()
    assert me["id"] == house.users["editor"].id
    assert me["name"] == "editor"
    assert re.fullmatch("#[0-9a-f]{6}", me["color"])
    assert [(w["id"], w["role"]) for w in me["workspaces"]] == [(house.workspace, "editor")]


async def test_a_guest_comes_in_by_an_invite(house: House) -> None:
    invites = f"/api/workspaces/{house.workspace}/invites"
    created = (await house.http("owner").post(invites, json={"role": "editor", "expires_in": 60, "uses": 2})).json()
    assert created["url"] == f"{ORIGIN}/#invite={created['code']}"
    shown = (await house.http().get(f"/api/invites/{created['code']}")).json()
    assert shown["role"] == "editor"
    assert shown["workspace"]["id"] == house.workspace
    assert shown["collect_feedback"] is True
    answers = [
        await house.http().post(f"/api/invites/{created['code']}", json={"name": f"Guest {i}"}) for i in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    joined = answers[0].json()
    assert joined["role"] == "editor"
    assert joined["user"]["name"] == "Guest 0"
    with_token = house.http(Authorization=f"Bearer {joined['token']}")
    assert (await with_token.get("/api/me")).json()["id"] == joined["user"]["id"]
    with_cookie = house.http()
    with_cookie.cookies.update(answers[0].cookies)
    assert (await with_cookie.get("/api/me")).json()["id"] == joined["user"]["id"]


async def test_nobody_gets_a_colour_that_somebody_has_while_others_are_free(house: House) -> None:
    workspace = (await house.http("owner").post("/api/workspaces", json={"name": "Colours"})).json()["id"]
    invites = f"/api/workspaces/{workspace}/invites"
    created = (await house.http("owner").post(invites, json={"role": "editor", "uses": 20})).json()
    colors = {house.users["owner"].color}
    for i in range(len(COLORS) - 1):
        joined = (await house.http().post(f"/api/invites/{created['code']}", json={"name": f"Guest {i}"})).json()
        colors.add(joined["user"]["color"])
    assert colors == set(COLORS)


async def test_one_use_is_one_person_however_many_try_at_once(house: House) -> None:
    created = await house.http("owner").post(f"/api/workspaces/{house.workspace}/invites", json={"role": "viewer"})
    url = f"/api/invites/{created.json()['code']}"
    answers = await asyncio.gather(*(house.http().post(url, json={"name": "Quick"}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]


async def test_who_is_signed_in_joins_as_who_they_are_and_is_never_demoted(house: House) -> None:
    invites = f"/api/workspaces/{house.workspace}/invites"
    created = (await house.http("owner").post(invites, json={"role": "viewer", "uses": 1})).json()
    answer = await house.http("editor").post(f"/api/invites/{created['code']}", json={"name": "Other"})
    assert answer.json()["user"]["id"] == house.users["editor"].id
    assert answer.json()["role"] == "editor"
    # It gained nothing, so the invite is still there for somebody else.
    assert (await house.http().get(f"/api/invites/{created['code']}")).status_code == 200


async def test_a_session_that_is_over_does_not_keep_a_guest_out(house: House) -> None:
    created = await house.http("owner").post(f"/api/workspaces/{house.workspace}/invites", json={"role": "viewer"})
    browser = house.http(Origin=ORIGIN)
    browser.cookies.set(house.services.address.cookie_name, "long over")
    answer = await browser.post(f"/api/invites/{created.json()['code']}", json={"name": "Back again"})
    assert answer.json()["user"]["name"] == "Back again"
    assert (await browser.get("/api/me")).json()["name"] == "Back again"


async def test_a_withdrawn_or_expired_invite_lets_nobody_in(house: House) -> None:
    owner, invites = house.http("owner"), f"/api/workspaces/{house.workspace}/invites"
    created = (await owner.post(invites, json={"role": "viewer"})).json()
    assert created["id"] in [invite["id"] for invite in (await owner.get(invites)).json()]
    assert "code" not in (await owner.get(f"{invites}/{created['id']}")).json()
    assert (await owner.delete(f"{invites}/{created['id']}")).status_code == 204
    assert (await house.http().post(f"/api/invites/{created['code']}", json={"name": "Late"})).status_code == 404
    created = (await owner.post(invites, json={"role": "viewer"})).json()
    expired = {"$set": {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}}
    await house.services.storage.db["invites"].update_one({"_id": created["id"]}, expired)
    assert (await house.http().post(f"/api/invites/{created['code']}", json={"name": "Late"})).status_code == 404
    assert created["id"] not in [invite["id"] for invite in (await owner.get(invites)).json()]


@pytest.mark.parametrize(
    "body", [{}, {"role": "king"}, {"role": "viewer", "uses": 0}, {"role": "viewer", "expires_in": 0}]
)
async def test_a_bad_invite_is_refused(house: House, body: dict[str, object]) -> None:
    answer = await house.http("owner").post(f"/api/workspaces/{house.workspace}/invites", json=body)
    assert answer.status_code == 422


async def test_members_are_listed_changed_and_removed(house: House) -> None:
    owner, members = house.http("owner"), f"/api/workspaces/{house.workspace}/members"
    user = await house.add("passing", "viewer")
    listed = {m["id"]: m for m in (await house.http("viewer").get(members)).json()}
    assert listed[user.id]["role"] == "viewer"
    assert listed[user.id]["name"] == "passing"
    assert (await owner.patch(f"{members}/{user.id}", json={"role": "editor"})).status_code == 204
    assert (await house.http("passing").get("/api/me")).json()["workspaces"][0]["role"] == "editor"
    assert (await owner.delete(f"{members}/{user.id}")).status_code == 204
    assert (await house.http("passing").get(f"/api/workspaces/{house.workspace}/tree")).status_code == 403
    assert (await owner.delete(f"{members}/{user.id}")).status_code == 404


async def test_everybody_may_leave_but_nobody_else_may_be_sent_away_by_them(house: House) -> None:
    members = f"/api/workspaces/{house.workspace}/members"
    for name, role in (("leaving viewer", "viewer"), ("leaving editor", "editor")):
        user = await house.add(name, role)  # type: ignore[arg-type]
        assert (await house.http(name).delete(f"{members}/{house.users['editor'].id}")).status_code == 403
        assert (await house.http(name).delete(f"{members}/{user.id}")).status_code == 204
        assert (await house.http(name).get(f"/api/workspaces/{house.workspace}/tree")).status_code == 403
    assert (await house.http("editor").get(f"/api/workspaces/{house.workspace}/tree")).status_code == 200


@pytest.mark.parametrize("demoted", [False, True])
async def test_who_is_an_owner_no_more_left_no_door_open(house: House, demoted: bool) -> None:
    owner, workspace = house.http("owner"), f"/api/workspaces/{house.workspace}"
    user = await house.add(f"passing owner {demoted}", "owner")
    mine, theirs = [
        (await http.post(f"{workspace}/invites", json={"role": role})).raise_for_status().json()["code"]
        for http, role in ((owner, "viewer"), (house.http(f"passing owner {demoted}"), "owner"))
    ]
    member = f"{workspace}/members/{user.id}"
    answer = await (owner.patch(member, json={"role": "editor"}) if demoted else owner.delete(member))
    assert answer.status_code == 204
    assert (
        await house.http(f"passing owner {demoted}").post(f"/api/invites/{theirs}", json={"name": "Back"})
    ).status_code == 404
    assert (await house.http().post(f"/api/invites/{mine}", json={"name": "Welcome"})).status_code == 200


async def test_the_last_owner_stays(house: House) -> None:
    owner, members = house.http("owner"), f"/api/workspaces/{house.workspace}/members"
    me = house.users["owner"].id
    assert (await owner.patch(f"{members}/{me}", json={"role": "editor"})).status_code == 409
    assert (await owner.delete(f"{members}/{me}")).status_code == 409


async def test_two_owners_who_demote_each_other_leave_one(house: House) -> None:
    workspace = (await house.http("owner").post("/api/workspaces", json={"name": "Duel"})).json()["id"]
    for name in ("first", "second"):
        await house.add(name, "owner", workspace)
    members = f"/api/workspaces/{workspace}/members"
    await house.http("owner").delete(f"{members}/{house.users['owner'].id}")
    answers = await asyncio.gather(
        house.http("first").patch(f"{members}/{house.users['second'].id}", json={"role": "viewer"}),
        house.http("second").patch(f"{members}/{house.users['first'].id}", json={"role": "viewer"}),
    )
    assert sorted(answer.status_code for answer in answers) in ([204, 403], [204, 409])
    left = [m for m in (await house.http("first").get(members)).json() if m["role"] == "owner"]
    assert len(left) == 1


async def test_tokens_are_shown_once_and_revoked_by_their_owner_alone(house: House) -> None:
    editor = house.http("editor")
    created = (await editor.post("/api/tokens", json={"name": "script"})).json()
    listed = (await editor.get("/api/tokens")).json()
    assert created["id"] in [token["id"] for token in listed]
    assert all("token" not in token for token in listed)
    script = house.http(Authorization=f"Bearer {created['token']}")
    assert (await script.get("/api/me")).json()["id"] == house.users["editor"].id
    assert (await house.http("owner").delete(f"/api/tokens/{created['id']}")).status_code == 404
    assert (await editor.delete(f"/api/tokens/{created['id']}")).status_code == 204
    assert (await script.get("/api/me")).status_code == 401


async def test_workspaces_are_made_renamed_and_deleted(house: House) -> None:
    editor = house.http("editor")
    created = (await editor.post("/api/workspaces", json={"name": "  Notes "})).json()
    assert created["name"] == "Notes"
    assert created["role"] == "owner"
    path = f"/api/workspaces/{created['id']}"
    assert (await editor.get(f"{path}/tree")).json() == []
    nothing_limited = {"tokens_per_day": None, "money_per_month": None, "share": None, "currency": "USD"}
    assert (await editor.get(f"{path}/settings")).json() == {
        "name": "Notes",
        "collect_feedback": True,
        "budget": nothing_limited,
    }
    changed = await editor.patch(path, json={"collect_feedback": False})
    assert changed.json()["collect_feedback"] is False
    assert changed.json()["name"] == "Notes"
    assert (await editor.delete(path)).status_code == 204
    assert (await editor.get(path)).status_code == 403
    assert created["id"] not in [w["id"] for w in (await editor.get("/api/workspaces")).json()]


async def test_a_deleted_workspace_leaves_nothing_behind(house: House) -> None:
    editor = house.http("editor")
    workspace = (await editor.post("/api/workspaces", json={"name": "Secret"})).json()["id"]
    await editor.put(f"/api/workspaces/{workspace}/files/a.md", content=b"classified")
    await editor.put(f"/api/workspaces/{workspace}/files/b.bin", content=b"classified\0")
    await editor.delete(f"/api/workspaces/{workspace}")
    storage = house.services.storage
    for _ in range(400):
        if not await house.services.identity.workspaces.deleted():
            break
        await asyncio.sleep(0.1)
    for collection in ("documents", "updates", "members", "invites", "events", "workspaces"):
        assert workspace not in str([record async for record in storage.db[collection].find({})]), collection
    assert not [info.key async for info in storage.objects.list("") if workspace in info.key]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb", "a\0b", None, 7])
async def test_bad_names_are_refused(house: House, name: object) -> None:
    assert (await house.http("editor").post("/api/workspaces", json={"name": name})).status_code == 422
