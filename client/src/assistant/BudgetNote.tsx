import { useEffect } from 'react'
import { budgetNote } from '../lib/budget'
import { useStore } from '../lib/store'
import { attemptUnasked } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'

/** How much may still be asked, where little is left. Looked up whenever this appears. */
export function BudgetNote() {
  const session = useWorkspace()
  const status = useStore(session.assistant)
  useEffect(() => {
    void attemptUnasked('The budget could not be read', () => session.loadBudget())
  }, [session])
  const note = budgetNote(status?.budget ?? [])
  if (note === null) return null
  return (
    <span className="budget-note" data-tone={note.tone} role="status">
      {note.text}
    </span>
  )
}
