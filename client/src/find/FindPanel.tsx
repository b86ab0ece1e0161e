import { ArrowLeft } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { go } from '../app/location'
import { writtenKey } from '../actions/catalogue'
import { useStore } from '../lib/store'
import { Button, IconButton } from '../ui/Button'
import { tell, tellProblem } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { destination } from './destination'
import { FindForm } from './FindForm'
import { ResultList } from './ResultList'
import { chosen, type Row } from './results'
import { findOf } from './store'
import { countInWords, outcomeInWords, replaceLabel } from './words'

interface FindPanelProps {
  /** What to search for, as often as somebody asks for it anew. */
  asked: { text: string; times: number }
  onClose: () => void
  /** Called when somebody opens a match here, for a drawer to close. */
  onOpened: () => void
}

/** Find in all files, and replace in them. */
export default function FindPanel({ asked, onClose, onOpened }: FindPanelProps) {
  const session = useWorkspace()
  const { canEdit } = useRole()
  const store = findOf(session)
  const query = useStore(store.query)
  const state = useStore(store.state)
  const results = useStore(store.results)
  const leftOut = useStore(store.leftOut)
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [busy, setBusy] = useState(false)
  const replaces = canEdit && query.replacement !== null

  useEffect(() => {
    if (asked.text !== '') store.ask({ query: asked.text })
    // After a drawer has taken the focus for itself.
    const timer = setTimeout(() => {
      field.current?.focus()
      field.current?.select()
    })
    return () => clearTimeout(timer)
  }, [store, asked])

  const open = (row: Row, enter: boolean) => {
    const { file } = row
    const path = session.tree.tree.get().nodes.get(file.document)?.path
    if (path === undefined) {
      tell('This file is not there any more', 'It may be in the trash.')
      return
    }
    const match = row.is === 'match' ? row.match : file.matches[0]
    if (match !== undefined) destination.set({ document: file.document, match, enter })
    go({ at: 'workspace', workspace: session.id, path })
    onOpened()
  }

  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== 'F4' || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      const rows = store.rows()
      const step = event.shiftKey ? -1 : 1
      let at = store.active.get() + step
      while (rows[at]?.is === 'file') at += step
      const row = rows[at]
      if (row === undefined) return
      store.active.set(at)
      open(row, true)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  })

  const replace = async () => {
    setBusy(true)
    try {
      const { title, detail } = outcomeInWords(await store.replace())
      tell(title, detail)
    } catch (error) {
      tellProblem('Not everything was replaced', error)
    }
    setBusy(false)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && !event.nativeEvent.isComposing) onClose()
  }
  const toReplace =
    results === null ? 0 : chosen(results, leftOut).reduce((sum, { matches }) => sum + matches.length, 0)
  const changed = results === null ? false : [...results.fates.values()].includes('changed')
  return (
    <div className="find" data-old={state.is === 'failed' || undefined} onKeyDown={onKeyDown}>
      <div className="side-header">
        <IconButton label="Back to the files" keys="Esc" onClick={onClose}>
          <ArrowLeft />
        </IconButton>
        <h2>Find in files</h2>
      </div>
      <FindForm
        query={canEdit ? query : { ...query, replacement: null }}
        canReplace={canEdit}
        problem={state.is === 'failed' ? state.why : ''}
        invalid={state.is === 'failed' && !state.away}
        field={field}
        onChange={(fields) => store.ask(fields)}
        onSearch={() => void store.run()}
        onDown={() => list.current?.focus()}
      />
      <div className="find-about">
        <p role="status">
          {state.is === 'idle'
            ? ''
            : results === null
              ? state.is === 'searching'
                ? 'Searching…'
                : ''
              : countInWords(results)}
        </p>
        {results !== null && (changed || results.outdated) ? (
          <Button small look="quiet" onClick={() => void store.run()}>
            Search again
          </Button>
        ) : null}
      </div>
      {replaces && results !== null && results.count > 0 ? (
        <div className="find-replace">
          <Button
            small
            look="primary"
            disabled={busy || toReplace === 0 || state.is !== 'found'}
            onClick={() => void replace()}
          >
            {replaceLabel(toReplace, query.replacement ?? '')}
          </Button>
        </div>
      ) : null}
      {state.is === 'idle' ? (
        <p className="files-empty find-keys">
          {`Enter opens a match, Space shows it and stays here, F4 goes on to the next one. ${writtenKey('go.find')} comes back.`}
        </p>
      ) : null}
      {results === null || results.files.length === 0 ? null : (
        <ResultList
          store={store}
          results={results}
          choosing={replaces}
          list={list}
          onOpen={open}
          onUp={() => field.current?.focus()}
        />
      )}
      {(results?.next ?? null) === null ? null : (
        <div className="find-more">
          <Button small onClick={() => void store.more()}>
            Show more
          </Button>
        </div>
      )}
    </div>
  )
}
