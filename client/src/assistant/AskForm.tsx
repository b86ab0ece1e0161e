import type { EditorView } from '@codemirror/view'
import { type SyntheticEvent, type KeyboardEvent, useState } from 'react'
import { describe } from '../api/problem'
import type { DocumentSession } from '../document/session'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import { askRange, closeAsk } from './ask'
import { AskScope } from './AskScope'
import { editRequest, type Scope } from './scope'

/** Milliseconds to wait for one's own last keys to reach the server before asking about them. */
const patience = 5_000

interface AskFormProps {
  view: EditorView
  session: DocumentSession
  path: string
}

function settled(session: DocumentSession): Promise<void> {
  const late = new Promise<never>((_resolve, reject) =>
    setTimeout(
      () => reject(new Error('Your last edits have not reached the server yet. Try again in a moment.')),
      patience,
    ),
  )
  return Promise.race([session.barriers.saved(), late])
}

/** The instruction for a piece of the text, or for a place in it, right where it is about. */
export function AskForm({ view, session, path }: AskFormProps) {
  const { api, assistant } = useWorkspace()
  const status = useStore(assistant)
  const [instruction, setInstruction] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [scope, setScope] = useState<Scope>('here')
  const [chosen, setChosen] = useState<readonly string[]>([])

  const close = () => {
    view.dispatch({ effects: closeAsk.of(null) })
    view.focus()
  }

  /** The selection has done its work, and would lie over the colours of the proposal. */
  const closeAsked = () => {
    view.dispatch({ selection: { anchor: view.state.field(askRange)?.to ?? 0 } })
    close()
  }

  const send = async () => {
    await settled(session)
    // Read after waiting: others may have moved the range meanwhile.
    const range = view.state.field(askRange)
    if (range === null) return
    const { from, to } = range
    const said = instruction.trim()
    if (from === to && scope === 'here') await api.askWrite({ path, at: from, instruction: said })
    else await api.askEdit(editRequest(scope, said, { path, text: view.state.sliceDoc(), from, to }, chosen))
  }

  const submit = async (event?: SyntheticEvent) => {
    event?.preventDefault()
    if (busy || instruction.trim() === '') return
    setBusy(true)
    setProblem(null)
    try {
      await send()
      closeAsked()
    } catch (error) {
      const { title, detail } = describe(error)
      setProblem(detail || title)
      setBusy(false)
    }
  }

  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation()
    if (event.key === 'Escape') close()
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault()
      void submit()
    }
  }

  const { from, to } = view.state.field(askRange) ?? { from: 0, to: 0 }
  const { doc } = view.state
  // A selection that ends before the first character of a line does not mean that line.
  const last = to > from && doc.lineAt(to).from === to ? to - 1 : to
  const lines = doc.lineAt(last).number - doc.lineAt(from).number + 1
  const writes = from === to && scope === 'here'
  const about = {
    here: writes ? 'Write at the cursor' : `Change ${plural(lines, 'line')}`,
    file: 'Change this file',
    everywhere: 'Change every file in which the name occurs',
    chosen: `Change ${plural(chosen.length + 1, 'file')}`,
  }[scope]
  return (
    <form className="ask" aria-label={`${about} with the assistant`} onSubmit={(event) => void submit(event)}>
      <div className="ask-line">
        <span className="ask-sign" aria-hidden>
          ✳
        </span>
        <textarea
          value={instruction}
          rows={1}
          autoFocus
          placeholder={writes ? 'What should be written here?' : 'What should become of it?'}
          aria-label="Instruction"
          disabled={busy}
          onChange={(event) => setInstruction(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <Button type="submit" look="primary" small disabled={busy || instruction.trim() === ''}>
          {busy ? 'Asking…' : 'Ask'}
        </Button>
        <Button look="quiet" small onClick={close}>
          Cancel
        </Button>
      </div>
      <AskScope
        selected={from !== to}
        scope={scope}
        onScope={setScope}
        path={path}
        chosen={chosen}
        onChosen={setChosen}
      />
      <p className="ask-foot">
        {problem === null ? (
          <>
            {about}. Everyone in {scope === 'here' || scope === 'file' ? 'this file' : 'these files'} sees{' '}
            {writes ? 'it being written' : 'the proposal'}.
            {status === null ? null : ` ${status.configured ? 'Model: ' : ''}${status.label}`}
          </>
        ) : (
          <span className="problem" role="alert">
            {problem}
          </span>
        )}
      </p>
    </form>
  )
}
