import { type SyntheticEvent, useState } from 'react'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { attempt } from '../ui/toasts'
import type { DocumentHistory } from './store'

/** As the server counts them. */
const longestName = 200

/** Keeps the text as it is now under a name. */
export function NameVersion({ history, onClose }: { history: DocumentHistory; onClose: () => void }) {
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const make = async (event: SyntheticEvent) => {
    event.preventDefault()
    setBusy(true)
    if (await attempt('The version was not made', () => history.name(typed.trim()))) onClose()
    else setBusy(false)
  }
  return (
    <Dialog
      title="Name this version"
      description="The text as it is now is kept under this name, however old it becomes."
      onClose={onClose}
    >
      <form className="row" onSubmit={(event) => void make(event)}>
        <label className="field">
          Name
          <input value={typed} maxLength={longestName} data-first onChange={(event) => setTyped(event.target.value)} />
        </label>
        <Button type="submit" look="primary" disabled={busy || typed.trim() === ''}>
          Keep it
        </Button>
      </form>
    </Dialog>
  )
}
