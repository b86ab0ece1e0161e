"""What the very first start leaves behind: an owner, a workspace, and a page worth trying things on."""

from server.identity import User
from server.services import Services

WELCOME = "Welcome.md"


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
        await services.files.write(workspace.id, WELCOME, _WELCOME_TEXT.encode(), f"user:{owner.id}")
        await identity.members.join(workspace.id, owner.id, "owner")
        if (token := services.settings.owner_token) is not None:
            await identity.tokens.create(owner.id, "SCRIPTORIUM_OWNER_TOKEN", token=token.get_secret_value())
        await identity.users.insert(owner, installation_owner=True)
        return owner


_WELCOME_TEXT = """# Welcome

This is a shared document. Everyone whom you invite sees each letter as you type it, and the bar above says **Saved**
when it is safe on disk.

## Try these

- Open this page in a second window and type in both.
- Drop a folder or a zip file onto the list on the left, and your project is here.
- Invite somebody: *People*, then *Invite*. A link and a role are all they need.
- Select the paragraph below, press `Ctrl`+`K` (`⌘K` on a Mac), and say what should become of it. The proposal appears
  for everybody in this file, and any editor can accept or reject it, piece by piece.

The meeting was held on tuesday and in the meeting it was decided that the thing which had been talked about the week
before should probably be done by somebody soon, but it was not written down by who, and so it was not done by anybody.

## And some code

```python
import os, sys
def total( items ):
    sum = 0
    for i in range(len(items)): sum = sum+items[i]
    return sum
```

Without a model the *local assistant* answers: it can continue your text from your own files, and repair and format
Python. Set `OPENAI_API_KEY`, or `OPENAI_BASE_URL` for a model of your own, and start again to talk to a real one.
"""
