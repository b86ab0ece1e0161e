import { useState } from 'react'
import type { Notice } from '../api/types'
import { go } from '../app/location'
import { arriveAt } from '../document/arrival'
import { formatWhen, quotedNames } from '../lib/format'
import { baseName } from '../lib/paths'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { attempt } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { Change } from './Change'
import { Places } from './Places'

interface NoticeCardProps {
  notice: Notice
  onLeave: () => void
}

const outcomes = {
  open: '',
  accepted: 'Applied',
  rejected: 'Dismissed',
  stale: 'Its change does not fit any more',
  gone: 'No longer there',
}

/** One notice: where, why, what would change, and what can be done about it. */
export function NoticeCard({ notice, onLeave }: NoticeCardProps) {
  const { id, notices, suggestions, tree } = useWorkspace()
  const { canEdit } = useRole()
  const [busy, setBusy] = useState(false)
  const [since] = useState(() => performance.now())
  const { nodes } = useStore(tree.tree)
  const path = nodes.get(notice.document)?.path ?? notice.path
  const hasChange = notice.hunks.length > 0
  const open = notice.state === 'open'
  // Where else it is said does not tell where in this file it is asked, or what was left.
  const first = notice.sources[0]
  const line = first === undefined || first.path || notice.kind === 'question' ? null : first.line
  const leads = notice.kind === 'question' || notice.kind === 'repeated'

  // A button that is disabled loses the focus: the second click is left out here.
  const decide = async (decision: 'accept' | 'reject' | 'undo') => {
    if (busy) return
    setBusy(true)
    const shown = hasChange ? Math.round(performance.now() - since) : undefined
    await attempt('The notice was not decided', () => notices.decide(notice.id, decision, shown))
    setBusy(false)
  }
  const visit = (to: string, at: number | null) => {
    const node = to === path ? { kind: 'text', id: notice.document } : tree.tree.get().byPath.get(to)
    if (node?.kind === 'text') arriveAt({ document: node.id, line: at, column: null, focus: true })
    go({ at: 'workspace', workspace: id, path: to })
    onLeave()
  }
  const show = async () => {
    visit(path, line)
    const { suggestion } = notice
    if (open && suggestion) await attempt('The change could not be shown', () => suggestions.show(suggestion))
  }

  return (
    <li className="notice-card" data-state={notice.state}>
      <p className="notice-where">
        <button type="button" title={path} onClick={() => void show()}>
          <bdi>{baseName(path)}</bdi>
          {line === null ? null : `, line ${line}`}
        </button>
        <time dateTime={notice.created_at}>{formatWhen(notice.created_at)}</time>
      </p>
      <p className="notice-reason">{quotedNames(notice.reason)}</p>
      {open && hasChange ? <Change hunks={notice.hunks} /> : null}
      {open && leads ? <Places path={path} sources={notice.sources} onGo={visit} /> : null}
      {open && !hasChange && !leads
        ? notice.sources.map(({ text }, number) => (
            <pre key={number} className="notice-line">
              {text}
            </pre>
          ))
        : null}
      {open ? (
        canEdit ? (
          <div className="row">
            {hasChange ? (
              <Button small look="primary" aria-disabled={busy} onClick={() => void decide('accept')}>
                Apply
              </Button>
            ) : null}
            <Button small onClick={() => void show()}>
              {hasChange ? 'Show in the text' : 'Go there'}
            </Button>
            <Button small look="quiet" aria-disabled={busy} onClick={() => void decide('reject')}>
              Dismiss
            </Button>
          </div>
        ) : null
      ) : (
        <p className="notice-outcome">
          {outcomes[notice.state]}
          {notice.decided_by && notice.decided_at
            ? ` by ${notice.decided_by.name}, ${formatWhen(notice.decided_at)}`
            : null}
          {notice.state === 'accepted' && canEdit ? (
            <Button small look="quiet" aria-disabled={busy} onClick={() => void decide('undo')}>
              Undo
            </Button>
          ) : null}
        </p>
      )}
    </li>
  )
}
