import { type SyntheticEvent, useEffect, useState } from 'react'
import { acceptInvite, getInvite, type InviteSummary } from '../api/account'
import { describe } from '../api/problem'
import type { Role } from '../api/types'
import { useStore } from '../lib/store'
import { recorded } from '../people/recorded'
import { Button } from '../ui/Button'
import { Waiting } from '../ui/Waiting'
import { account, loadAccount } from './account'
import { go } from './location'
import { Page } from './Page'

const meaning: Record<Role, string> = {
  owner: 'You will be an owner: you can edit everything, and manage people and settings.',
  editor: 'You will be an editor: you can edit every file, ask the assistant and decide on its proposals.',
  viewer: 'You will be a viewer: you can read every file and the conversations, and others see that you are here.',
}

interface InvitePageProps {
  code: string
  onDone: () => void
}

export function InvitePage({ code, onDone }: InvitePageProps) {
  const who = useStore(account)
  const [invite, setInvite] = useState<InviteSummary | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [newName, setNewName] = useState('')
  const [busy, setBusy] = useState(false)
  const name = who.is === 'known' ? who.me.name : newName

  useEffect(() => {
    getInvite(code).then(setInvite, (error: unknown) => setProblem(describe(error).detail || describe(error).title))
  }, [code])

  const join = async (event: SyntheticEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      const { workspace } = await acceptInvite(code, name.trim())
      await loadAccount()
      go({ at: 'workspace', workspace: workspace.id, path: '' }, true)
      onDone()
    } catch (error) {
      setProblem(describe(error).detail || describe(error).title)
      setBusy(false)
    }
  }

  if (invite === null && problem === null) return <Waiting>Reading the invitation…</Waiting>
  if (invite === null) {
    return (
      <Page title="This invitation does not work">
        <p>{problem}</p>
        <p>It may have been used up, withdrawn or expired. Ask whoever sent it for a new one.</p>
        {who.is === 'known' ? <Button onClick={onDone}>Go to my workspaces</Button> : null}
      </Page>
    )
  }
  return (
    <Page title={`Join “${invite.workspace.name}”`}>
      <p>{meaning[invite.role]}</p>
      {invite.collect_feedback ? <p>{recorded}</p> : null}
      <form className="stack" onSubmit={(event) => void join(event)}>
        {who.is === 'known' ? (
          <p>You are signed in here as {who.me.name}, and join under that name.</p>
        ) : (
          <label className="field">
            Your name, as others will see it
            <input
              value={newName}
              onChange={(event) => setNewName(event.target.value)}
              autoFocus
              required
              maxLength={80}
              autoComplete="name"
            />
          </label>
        )}
        {problem === null ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <Button type="submit" look="primary" disabled={busy || name.trim() === ''}>
          {busy ? 'Joining…' : 'Join'}
        </Button>
      </form>
    </Page>
  )
}
