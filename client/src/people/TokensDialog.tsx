import { type SyntheticEvent, useCallback, useEffect, useState } from 'react'
import { createToken, deleteToken, getTokens } from '../api/account'
import type { Token } from '../api/types'
import { formatFull } from '../lib/format'
import { Button } from '../ui/Button'
import { CopyField } from '../ui/CopyField'
import { Dialog } from '../ui/Dialog'
import { attempt } from '../ui/toasts'

/** API tokens of whoever is signed in. A token itself is shown once, at its making. */
export default function TokensDialog({ onClose }: { onClose: () => void }) {
  const [tokens, setTokens] = useState<Token[] | null>(null)
  const [name, setName] = useState('')
  const [made, setMade] = useState<string | null>(null)

  const load = useCallback(async () => {
    await attempt('The tokens could not be read', async () => setTokens(await getTokens()))
  }, [])
  useEffect(() => void load(), [load])

  const create = (event: SyntheticEvent) => {
    event.preventDefault()
    void attempt('The token was not made', async () => {
      const { token } = await createToken(name.trim())
      setMade(token)
      setName('')
      await load()
    })
  }
  const revoke = (id: string) =>
    attempt('The token was not revoked', async () => {
      await deleteToken(id)
      await load()
    })

  return (
    <Dialog
      title="API tokens"
      description="For scripts and for the command line. Whoever has a token acts in your name."
      onClose={onClose}
    >
      <form className="row" onSubmit={create}>
        <label className="field">
          New token for
          <input
            value={name}
            maxLength={80}
            placeholder="What will use it"
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <Button type="submit" disabled={name.trim() === ''}>
          Create
        </Button>
      </form>
      {made === null ? null : (
        <div className="stack">
          <CopyField label="The new token" value={made} />
          <p className="quiet">Copy it now; it is not shown again.</p>
        </div>
      )}
      {tokens === null ? null : tokens.length === 0 ? (
        <p className="quiet">There are none yet.</p>
      ) : (
        <ul className="invite-list">
          {tokens.map((token) => (
            <li key={token.id}>
              <span>
                {token.name}
                <small>since {formatFull(token.created_at)}</small>
              </span>
              <Button small look="quiet" onClick={() => void revoke(token.id)}>
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  )
}
