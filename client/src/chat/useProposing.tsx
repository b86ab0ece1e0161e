import { type KeyboardEvent, type ReactNode, useId, useMemo, useRef, useState } from 'react'
import { Problem } from '../api/problem'
import type { Where } from '../api/types'
import { currentPlace, go } from '../app/location'
import { bestPaths } from '../lib/fuzzy'
import { baseName } from '../lib/paths'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { tell, tellProblem } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { choiceId, FileChoices } from './FileChoices'
import { useChoice } from '../ui/useChoice'
import { useFilePaths } from './useFilePaths'

type Block = number | 'all'
type Asking = { for: 'file'; block: Block } | { for: 'place'; block: Block; path: string; why: string } | null

const mostShown = 8

function ChooseFile({ onChoose, onClose }: { onChoose: (path: string) => void; onClose: () => void }) {
  const files = useFilePaths()
  const [query, setQuery] = useState('')
  const paths = useMemo(() => bestPaths(files, query, mostShown), [files, query])
  const listId = useId()
  const choice = useChoice(paths, onChoose, onClose)
  return (
    <Dialog title="Propose it in which file?" onClose={onClose}>
      <label className="field">
        File
        <input
          value={query}
          data-first
          autoComplete="off"
          aria-autocomplete="list"
          aria-controls={listId}
          aria-activedescendant={paths.length > 0 ? choiceId(listId, choice.active) : undefined}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event: KeyboardEvent) => choice.onKey(event)}
        />
      </label>
      {paths.length === 0 ? (
        <p className="quiet">No text file is called like that.</p>
      ) : (
        <FileChoices id={listId} paths={paths} active={choice.active} onChoose={onChoose} onActive={choice.setActive} />
      )}
    </Dialog>
  )
}

interface Proposing {
  propose: (block: Block, path: string) => void
  /** Asks for the file first. */
  chooseFile: (block: Block) => void
  dialog: ReactNode
}

/** Makes an answer, or a code block of it, a proposal in a file; asks where to put it when no place is found. */
export function useProposing(conversation: string, message: string, open: string | null): Proposing {
  const { api } = useWorkspace()
  const [asking, setAsking] = useState<Asking>(null)
  const busy = useRef(false)

  const send = async (block: Block, path: string, where: Where) => {
    // A second click would be a second proposal.
    if (busy.current) return
    busy.current = true
    setAsking(null)
    try {
      await api.proposeAnswer(conversation, message, block, path, where)
      tell(`Proposed in ${baseName(path)}`, 'Any editor can accept or reject it there.')
      const place = currentPlace.get()
      if (path !== open && place.at === 'workspace') go({ ...place, path })
    } catch (error) {
      if (error instanceof Problem && error.reason === 'no place') {
        setAsking({ for: 'place', block, path, why: error.detail })
      } else tellProblem('Nothing was proposed', error)
    } finally {
      busy.current = false
    }
  }
  const close = () => setAsking(null)
  let dialog: ReactNode = null
  if (asking?.for === 'file') {
    dialog = <ChooseFile onChoose={(path) => void send(asking.block, path, 'found')} onClose={close} />
  } else if (asking?.for === 'place') {
    const { block, path, why } = asking
    dialog = (
      <Dialog title={`Where in ${baseName(path)}?`} description={why} onClose={close}>
        <p>It can still be proposed; nothing changes until somebody accepts it.</p>
        <div className="dialog-foot">
          <Button look="quiet" onClick={() => setAsking({ for: 'file', block })}>
            Another file…
          </Button>
          <Button onClick={() => void send(block, path, 'whole')}>Instead of the whole text</Button>
          <Button look="primary" onClick={() => void send(block, path, 'end')}>
            At the end
          </Button>
        </div>
      </Dialog>
    )
  }
  return {
    propose: (block, path) => void send(block, path, 'found'),
    chooseFile: (block) => setAsking({ for: 'file', block }),
    dialog,
  }
}
