import { type KeyboardEvent, useState } from 'react'
import { describe } from '../api/problem'
import { writtenKey } from '../actions/catalogue'
import { useStore } from '../lib/store'
import { Button, Hint } from '../ui/Button'
import { Waiting } from '../ui/Waiting'
import { useRole, useWorkspace } from '../workspace/context'
import { NameVersion } from './NameVersion'
import { Older } from './Older'
import { type DocumentHistory, isAway, isGone } from './store'
import { byDay } from './times'
import { useHistory } from './useHistory'
import { useNow } from './useNow'
import { VersionRow } from './VersionRow'
import type { Version } from '../api/history'

/** The rows are buttons; with the arrows one goes from one to the next. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('button.version')]
  const at = rows.findIndex((row) => row === document.activeElement)
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key]
  if (at < 0 || to === undefined || event.altKey) return
  event.preventDefault()
  rows[to]?.focus()
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (isGone(error)) return <p className="history-note">This file was deleted. When it is back, so is its history.</p>
  const { title, detail } = describe(error)
  return (
    <div className="history-note" role="alert">
      <p>{isAway(error) ? 'The server cannot be reached.' : detail || title}</p>
      <Button small onClick={onRetry}>
        Try again
      </Button>
    </div>
  )
}

interface VersionsProps {
  history: DocumentHistory
  onOpen: (version: Version) => void
}

function Versions({ history, onOpen }: VersionsProps) {
  const list = useStore(history.list)
  const reading = useStore(history.reading)
  const look = useStore(history.look)
  const now = useNow()
  const failed = reading.is === 'failed' ? reading.error : null
  const failure = failed === null ? null : <Failed error={failed} onRetry={() => void history.refresh()} />
  if (list === null || isGone(failed)) return failure ?? <Waiting>Reading the versions…</Waiting>
  if (list.versions.length === 0) {
    return (
      failure ?? (
        <p className="history-note">
          There is no version yet. One comes by itself whenever nobody has typed for two seconds.
        </p>
      )
    )
  }
  return (
    <>
      {failure}
      <div className="side-scroller" onKeyDown={walk}>
        {byDay(list.versions, now).map((day) => (
          <section key={day.key} aria-labelledby={`day-${day.key.replaceAll(' ', '-')}`}>
            <h3 className="history-day" id={`day-${day.key.replaceAll(' ', '-')}`}>
              {day.title}
            </h3>
            <ol>
              {day.items.map((version) => (
                <VersionRow
                  key={version.id}
                  version={version}
                  now={now}
                  current={version.id === look?.version.id}
                  onOpen={() => onOpen(version)}
                />
              ))}
            </ol>
          </section>
        ))}
        {list.more ? <Older history={history} /> : null}
      </div>
    </>
  )
}

interface DocumentVersionsProps {
  document: string
  onLeave: () => void
}

function DocumentVersions({ document, onLeave }: DocumentVersionsProps) {
  const history = useHistory(document)
  const { whoWrote } = useWorkspace().history
  const shown = useStore(whoWrote)
  const { canEdit } = useRole()
  const [naming, setNaming] = useState(false)
  const toggle = () => {
    whoWrote.set(!shown)
    if (shown) return
    // It stands beside the text, so that is where one goes.
    history.leave()
    onLeave()
  }
  return (
    <div className="history">
      <div className="side-header">
        <h2>History</h2>
      </div>
      <div className="history-tools">
        <Hint label="The author of each line, beside the text" keys={writtenKey('show.authors')}>
          <Button small aria-pressed={shown} onClick={toggle}>
            Who wrote what
          </Button>
        </Hint>
        {canEdit ? (
          <Button small onClick={() => setNaming(true)}>
            Name this version…
          </Button>
        ) : null}
      </div>
      <Versions
        history={history}
        onOpen={(version) => {
          history.lookAt(version)
          onLeave()
        }}
      />
      {naming ? <NameVersion history={history} onClose={() => setNaming(false)} /> : null}
    </div>
  )
}

interface HistoryPanelProps {
  path: string | null
  /** Called when somebody goes on in the middle, for a drawer to close. */
  onLeave: () => void
}

/** What the open text was, newest first. */
export default function HistoryPanel({ path, onLeave }: HistoryPanelProps) {
  const { tree } = useWorkspace()
  const node = useStore(tree.tree).byPath.get(path ?? '')
  if (node?.kind === 'text') return <DocumentVersions key={node.id} document={node.id} onLeave={onLeave} />
  return (
    <div className="history">
      <div className="side-header">
        <h2>History</h2>
      </div>
      <p className="history-note">
        {path === null
          ? 'Open a text to see what it was.'
          : node === undefined
            ? 'This file was deleted. When it is back, so is its history.'
            : 'Only texts have a history.'}
      </p>
    </div>
  )
}
