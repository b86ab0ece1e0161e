import { useCallback, useEffect, useRef, useState } from 'react'
import { useActions } from '../actions/useActions'
import type { Invite, Role } from '../api/types'
import { formatFull, plural } from '../lib/format'
import { Button } from '../ui/Button'
import { CopyField } from '../ui/CopyField'
import { attempt } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { roles } from './roles'

function useInvites(): [Invite[], () => Promise<void>] {
  const { api } = useWorkspace()
  const [invites, setInvites] = useState<Invite[]>([])
  const load = useCallback(async () => {
    await attempt('The invitations could not be read', async () => setInvites(await api.invites()))
  }, [api])
  useEffect(() => void load(), [load])
  return [invites, load]
}

const usesLeft = (uses: number | null) =>
  uses === null ? 'anyone with the link' : `${plural(uses, 'person', 'people')} more`

/** Links that let people in. The link itself is only known at its making, hence it is shown until one leaves. */
export function InviteSection() {
  const { api } = useWorkspace()
  const [role, setRole] = useState<Role>('editor')
  const [everyone, setEveryone] = useState(true)
  const [url, setUrl] = useState<string | null>(null)
  const [invites, load] = useInvites()
  const first = useRef<HTMLSelectElement>(null)
  useActions({ 'workspace.invite': () => first.current?.focus() })

  const create = () =>
    attempt('The invitation was not made', async () => {
      const invite = await api.createInvite(role, everyone ? null : 1)
      setUrl(invite.url)
      await load()
    })
  const withdraw = (id: string) =>
    attempt('The invitation was not withdrawn', async () => {
      await api.deleteInvite(id)
      await load()
    })

  return (
    <section className="invites">
      <h3>Invite</h3>
      <div className="stack">
        <label className="field">
          They will be
          <select ref={first} value={role} onChange={(event) => setRole(event.target.value as Role)}>
            {roles.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          The link is for
          <select
            value={everyone ? 'everyone' : 'one'}
            onChange={(event) => setEveryone(event.target.value === 'everyone')}
          >
            <option value="everyone">everyone who has it, for a week</option>
            <option value="one">one person, for a week</option>
          </select>
        </label>
        <Button onClick={() => void create()}>Create a link</Button>
        {url === null ? null : <CopyField label="Invitation link" value={url} />}
      </div>
      {invites.length === 0 ? null : (
        <ul className="invite-list">
          {invites.map((invite) => (
            <li key={invite.id}>
              <span>
                {invite.role}, {usesLeft(invite.uses_left)}
                <small>until {formatFull(invite.expires_at)}</small>
              </span>
              <Button small look="quiet" onClick={() => void withdraw(invite.id)}>
                Withdraw
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
