import type { EditorView } from '@codemirror/view'
import { ChevronDown, ChevronUp, X } from 'lucide-react'
import { cancelJob, retryJob } from '../api/workspace'
import { writtenKey } from '../actions/catalogue'
import { PlaceLink } from '../app/PlaceLink'
import { quotedNames } from '../lib/format'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { AssistantAvatar } from '../ui/Avatar'
import { Button, IconButton } from '../ui/Button'
import { Sentence } from '../ui/Sentence'
import { attempt } from '../ui/toasts'
import { useFocusKept } from '../ui/useFocusKept'
import { useHalf, useWorkspace } from '../workspace/context'
import type { ReviewHandlers } from './handlers'
import { goToHunk } from './reviewKeys'
import { Saw } from './Saw'
import { inDocument } from './suggestions'
import { type BarRow, barRow } from './summary'

interface RowProps {
  row: BarRow
  handlers: ReviewHandlers
  onNavigate: (direction: 1 | -1) => void
  onDismiss: () => void
  /** Called after whatever was done to the proposal. */
  onDone: () => void
}

const isUnsettled = ({ pendingInAll, canCancel }: BarRow) => pendingInAll.length > 0 || canCancel

function Actions({ row, handlers }: Pick<RowProps, 'row' | 'handlers'>) {
  const { suggestion, pending, pendingInAll, undoable, stale, canCancel } = row
  const gone = suggestion.mode === 'write' && undoable.every(({ state }) => state !== 'accepted')
  const ids = (hunks: typeof pending) => hunks.map((hunk) => hunk.id)
  const write = suggestion.mode === 'write'
  const several = pendingInAll.length > pending.length
  const which = several ? ' here' : pending.length === 1 ? '' : ' all'
  const [yes, no] = write ? ['Keep', 'Undo'] : ['Accept', 'Reject']
  if (!handlers.canDecide) return null
  return (
    <>
      {canCancel ? (
        <Button small onClick={() => void attempt('The assistant was not stopped', () => cancelJob(suggestion.job))}>
          Stop
        </Button>
      ) : null}
      {pending.length > 0 ? (
        <>
          <Button
            small
            look="primary"
            title={writtenKey('review.acceptAll')}
            onClick={() => handlers.decide(suggestion.id, ids(pending), 'accept')}
          >
            {`${yes}${which}`}
          </Button>
          <Button
            small
            title={writtenKey('review.rejectAll')}
            onClick={() => handlers.decide(suggestion.id, ids(pending), 'reject')}
          >
            {`${no}${which}`}
          </Button>
        </>
      ) : null}
      {several ? (
        <>
          <Button small onClick={() => handlers.decide(suggestion.id, ids(pendingInAll), 'accept')}>
            {`${yes} all ${pendingInAll.length}`}
          </Button>
          <Button small look="quiet" onClick={() => handlers.decide(suggestion.id, ids(pendingInAll), 'reject')}>
            {`${no} all ${pendingInAll.length}`}
          </Button>
        </>
      ) : null}
      {pendingInAll.length === 0 && undoable.length > 0 ? (
        <Button small onClick={() => handlers.decide(suggestion.id, ids(undoable), 'undo')}>
          {gone ? 'Bring it back' : 'Undo'}
        </Button>
      ) : null}
      {suggestion.state === 'failed' ? (
        <Button small onClick={() => void attempt('It was not tried again', () => retryJob(suggestion.job))}>
          Try again
        </Button>
      ) : null}
      {stale ? (
        <Button small onClick={() => handlers.askAgain(suggestion.id)}>
          Ask again
        </Button>
      ) : null}
    </>
  )
}

/** More files than these become a number. */
const shownFiles = 8

/** The other files of a suggestion, those first in which something waits. */
function OtherFiles({ elsewhere }: Pick<BarRow, 'elsewhere'>) {
  const { id, tree } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  const files = [...elsewhere]
    .map(([document, file]) => ({ ...file, document, path: nodes.get(document)?.path ?? file.path }))
    .sort((a, b) => Number(b.pending > 0) - Number(a.pending > 0) || a.path.localeCompare(b.path))
  if (files.length === 0) return null
  return (
    <ul className="review-files" aria-label="In other files">
      {files.slice(0, shownFiles).map(({ document, path, pending }) => (
        <li key={document} data-decided={pending === 0 || undefined}>
          <PlaceLink place={{ at: 'workspace', workspace: id, path }} title={path}>
            <bdi>{path.slice(path.lastIndexOf('/') + 1)}</bdi>
          </PlaceLink>{' '}
          {pending === 0 ? <span aria-label="decided">✓</span> : <span aria-label="to decide">{pending}</span>}
        </li>
      ))}
      {files.length > shownFiles ? <li>and {files.length - shownFiles} more</li> : null}
    </ul>
  )
}

function Row({ row, handlers, onNavigate, onDismiss, onDone }: RowProps) {
  const { suggestion, words, tone, pending, elsewhere } = row
  return (
    <li className="review-row">
      <AssistantAvatar />
      <div className="review-words">
        <p className="review-title">
          <strong>{suggestion.author.name}</strong>{' '}
          {suggestion.notice ? 'noticed' : `for ${suggestion.requested_by.name}`}
          {suggestion.instruction === '' ? null : (
            <q>{suggestion.notice ? quotedNames(suggestion.instruction) : suggestion.instruction}</q>
          )}
        </p>
        <p className="review-state" data-tone={tone}>
          <Sentence text={words} />
        </p>
        {suggestion.note && suggestion.note !== words ? (
          <p className="review-note">
            <Sentence text={suggestion.note} />
          </p>
        ) : null}
        <OtherFiles elsewhere={elsewhere} />
      </div>
      <div className="review-actions" onClick={onDone}>
        {pending.length > 0 && suggestion.mode === 'edit' ? (
          <>
            <IconButton
              label="Previous change"
              keys={writtenKey('review.previous')}
              side="top"
              onClick={() => onNavigate(-1)}
            >
              <ChevronUp />
            </IconButton>
            <IconButton label="Next change" keys={writtenKey('review.next')} side="top" onClick={() => onNavigate(1)}>
              <ChevronDown />
            </IconButton>
          </>
        ) : null}
        <Actions row={row} handlers={handlers} />
        {isUnsettled(row) ? null : (
          <IconButton label="Close" side="top" onClick={onDismiss}>
            <X />
          </IconButton>
        )}
      </div>
      <Saw context={suggestion.context} model={suggestion.author.model} />
    </li>
  )
}

interface ReviewBarProps {
  view: EditorView | null
  document: string
  handlers: ReviewHandlers
  /** Changes in this text that do not fit any more. */
  unfit: ReadonlySet<string>
}

/** Under the text: what the assistant proposes in this file, for whom, and what was decided a moment ago. */
export function ReviewBar({ view, document, handlers, unfit }: ReviewBarProps) {
  const session = useWorkspace()
  const state = useStore(session.suggestions.state)
  const { nodes } = useStore(session.tree.tree)
  const waiting = useStore(session.waiting.why)
  const sight = { unfit, waiting, exists: (id: string) => nodes.has(id) }
  const closed = useStore(session.suggestions.closedRows)
  const { focused } = useHalf()
  const narrow = useNarrow()
  // To the text: what is done here is done to it, and taken back by its keys.
  const toText = () => {
    // On a phone the keyboard would cover what one decides about.
    if (!narrow) view?.focus()
  }
  const kept = useFocusKept(() => (narrow ? null : (view?.contentDOM ?? null)))
  const rows = inDocument(state, document)
    .filter(({ id }) => !closed.has(id))
    .map((suggestion) => barRow(state, suggestion, document, sight))
    .filter((row) => row !== null)
  // What has ended is said once more until something newer is said; what is open stays.
  const shown = rows.filter((row, index) => isUnsettled(row) || index === rows.length - 1)
  return (
    <section
      ref={kept}
      className="review"
      aria-label={focused ? 'Proposals of the assistant' : 'Proposals of the assistant in the other half'}
      // Said once, though both halves show it where they show one text.
      aria-live={focused ? 'polite' : 'off'}
      hidden={shown.length === 0}
    >
      <ul>
        {shown.map((row) => (
          <Row
            key={row.suggestion.id}
            row={row}
            handlers={handlers}
            onNavigate={(direction) => view !== null && goToHunk(direction)(view)}
            onDismiss={() => session.suggestions.closeRow(row.suggestion.id)}
            onDone={toText}
          />
        ))}
      </ul>
    </section>
  )
}
