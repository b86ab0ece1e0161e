import { type SyntheticEvent, useState } from 'react'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { attempt } from '../ui/toasts'
import { BudgetForm } from './BudgetForm'
import { useRole, useWorkspace } from './context'

function Name() {
  const { api, summary } = useWorkspace()
  const { isOwner } = useRole()
  const { name } = useStore(summary)
  const [typed, setTyped] = useState(name)
  const rename = (event: SyntheticEvent) => {
    event.preventDefault()
    void attempt('The workspace was not renamed', () => api.change({ name: typed.trim() }))
  }
  return (
    <form className="row" onSubmit={rename}>
      <label className="field">
        Name
        <input value={typed} maxLength={80} disabled={!isOwner} onChange={(event) => setTyped(event.target.value)} />
      </label>
      {isOwner ? (
        <Button type="submit" disabled={typed.trim() === '' || typed.trim() === name}>
          Rename
        </Button>
      ) : null}
    </form>
  )
}

export default function SettingsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="This workspace" onClose={onClose}>
      <Name />
      <BudgetForm />
    </Dialog>
  )
}
