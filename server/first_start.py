"""What the very first start leaves behind: an owner, a workspace, and files worth trying things on."""

from server.examples import put_examples
from server.identity import User
from server.services import Services


async def ensure_owner(services: Services) -> User:
    """The owner of this installation, created with a first workspace unless that has happened.

    Under a lease, since several processes may start for the first time together. The owner comes last: whoever finds
    one finds all the rest, and a start that broke off half-way is simply made again.
    """
    identity = services.identity
    async with services.storage.leases.hold("first-start", ttl=30, wait=60):
        owner = await identity.users.installation_owner()
        if owner is not None:
            return owner
        owner = identity.users.draft("Owner")
        workspace = await identity.workspaces.create("First workspace", owner.id)
        await services.files.create_workspace(workspace.id)
        await put_examples(services.files, workspace.id, f"user:{owner.id}")
        await identity.members.join(workspace.id, owner.id, "owner")
        if (token := services.settings.owner_token) is not None:
            secret = token.get_secret_value()
            if (orphan := await identity.tokens.find(secret)) is not None:
                await identity.tokens.revoke(orphan.id)
            await identity.tokens.create(owner.id, "SCRIPTORIUM_OWNER_TOKEN", token=secret)
        await identity.users.insert(owner, installation_owner=True)
        return owner
