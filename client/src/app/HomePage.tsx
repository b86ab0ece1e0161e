import { type SyntheticEvent, useEffect, useState } from 'react'
import { createWorkspace } from '../api/account'
import type { Me } from '../api/types'
import { Button } from '../ui/Button'
import { attempt } from '../ui/toasts'
import { loadAccount, signOut } from './account'
import { go } from './location'
import { Page } from './Page'
import { lastWorkspace } from './lastWorkspace'
import { PlaceLink } from './PlaceLink'

function NewWorkspace() {
  const [name, setName] = useState('')
  const create = async (event: SyntheticEvent) => {
    event.preventDefault()
    await attempt('The workspace was not created', async () => {
      const { id } = await createWorkspace(name.trim())
      await loadAccount()
      go({ at: 'workspace', workspace: id, path: '' })
    })
  }
  return (
    <form className="row" onSubmit={(event) => void create(event)}>
      <label className="field">
        New workspace
        <input
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={80}
          placeholder="Its name"
          required
        />
      </label>
      <Button type="submit" disabled={name.trim() === ''}>
        Create
      </Button>
    </form>
  )
}

export function HomePage({ me }: { me: Me }) {
  const last = lastWorkspace()
  const home =
    me.workspaces.find(({ id }) => id === last) ?? (me.workspaces.length === 1 ? me.workspaces[0] : undefined)
  // Coming back here on purpose leaves a mark in the history; whoever just arrives wants to be where they were.
  const goesOn = home !== undefined && history.state === null
  useEffect(() => {
    if (goesOn) go({ at: 'workspace', workspace: home.id, path: '' }, true)
  }, [goesOn, home])
  if (goesOn) return null
  return (
    <Page title="Your workspaces">
      {me.workspaces.length === 0 ? <p>You are in no workspace yet. Create one, or open an invitation.</p> : null}
      <ul className="workspaces">
        {me.workspaces.map(({ id, name, role }) => (
          <li key={id}>
            <PlaceLink place={{ at: 'workspace', workspace: id, path: '' }}>
              {name} <small>{role}</small>
            </PlaceLink>
          </li>
        ))}
      </ul>
      <NewWorkspace />
      <p className="page-foot">
        Signed in as {me.name}.{' '}
        <Button look="quiet" small onClick={() => void attempt('You are still signed in', signOut)}>
          Sign out
        </Button>
      </p>
    </Page>
  )
}
