import { type KeyboardEvent, type SyntheticEvent, useState } from 'react'
import { go } from '../app/location'
import { describe } from '../api/problem'
import type { WorkspaceSession } from '../workspace/session'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { useWorkspace } from '../workspace/context'

type Kind = 'text' | 'folder'

/** Milliseconds for the first file of a folder to be begun; after that nobody is waiting to be taken there. */
const patience = 60_000

/** Opens the first file that the assistant makes for `suggestion`, unless it takes too long. */
function openFirst({ id, suggestions }: WorkspaceSession, suggestion: string): void {
  const look = () => {
    const found = suggestions.state.get().byId.get(suggestion)
    const first = found?.hunks[0]
    if (first !== undefined) go({ at: 'workspace', workspace: id, path: first.path })
    if (first !== undefined || (found !== undefined && found.state !== 'streaming')) stop()
  }
  const unsubscribe = suggestions.state.subscribe(look)
  const timer = setTimeout(unsubscribe, patience)
  function stop() {
    unsubscribe()
    clearTimeout(timer)
  }
}

const placeholders: Record<Kind, string> = {
  text: 'A packing list for a week in the mountains…',
  folder: 'A small web page with a style sheet and a script that counts down to New Year…',
}

interface NewFilesDialogProps {
  /** Where a new file is likely wanted, "" for the workspace itself. */
  folder: string
  onClose: () => void
}

/** Has the assistant write a new file, or the files of a folder. */
export default function NewFilesDialog({ folder, onClose }: NewFilesDialogProps) {
  const workspace = useWorkspace()
  const [kind, setKind] = useState<Kind>('text')
  const [path, setPath] = useState(folder === '' ? '' : `${folder}/`)
  const [instruction, setInstruction] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const name = path.trim().replace(/\/+$/, '')
  const ready = instruction.trim() !== '' && (kind === 'folder' || name !== '')

  const submit = async (event?: SyntheticEvent) => {
    event?.preventDefault()
    if (!ready || busy) return
    setBusy(true)
    setProblem(null)
    try {
      const asked = await workspace.api.askFiles({ path: name, kind, instruction: instruction.trim() })
      if (kind === 'text') workspace.tabs.openKept(name)
      else openFirst(workspace, asked.suggestion)
      onClose()
    } catch (error) {
      const { title, detail } = describe(error)
      setProblem(detail || title)
      setBusy(false)
    }
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void submit()
  }

  return (
    <Dialog
      title="Have files written by the assistant"
      description="Everybody sees them being written. What is undone is taken away again."
      onClose={onClose}
    >
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <label className="field">
          What
          <select value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
            <option value="text">One file</option>
            <option value="folder">A folder of files</option>
          </select>
        </label>
        <label className="field">
          {kind === 'text' ? 'Name' : 'Folder'}
          <input
            value={path}
            placeholder={kind === 'text' ? 'packing.md' : 'The workspace itself'}
            spellCheck={false}
            onChange={(event) => setPath(event.target.value)}
          />
        </label>
        <label className="field">
          What is to be written
          <textarea
            value={instruction}
            rows={4}
            placeholder={placeholders[kind]}
            onChange={(event) => setInstruction(event.target.value)}
            onKeyDown={onKeyDown}
          />
        </label>
        {problem === null ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={!ready || busy}>
            {busy ? 'Asking…' : 'Write'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
