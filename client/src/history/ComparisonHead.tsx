import { ArrowDown, ArrowUp, ChevronLeft, ChevronRight, UnfoldVertical, X } from 'lucide-react'
import { ToggleGroup } from 'radix-ui'
import { useState } from 'react'
import type { Version } from '../api/history'
import type { DocumentSession } from '../document/session'
import { plural } from '../lib/format'
import { written } from '../lib/keys'
import { useStore } from '../lib/store'
import { Button, IconButton } from '../ui/Button'
import { tell, tellProblem } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import type { Difference } from './difference'
import { Hands } from './Hands'
import type { Against, DocumentHistory, Look } from './store'
import { whoTookPart } from './words'

function AgainstSwitch({ against, onChange }: { against: Against; onChange: (against: Against) => void }) {
  return (
    <ToggleGroup.Root
      className="against"
      type="single"
      value={against}
      aria-label="Compare with"
      onValueChange={(next) => (next === '' ? undefined : onChange(next as Against))}
    >
      <ToggleGroup.Item value="present">Present text</ToggleGroup.Item>
      <ToggleGroup.Item value="before">Version before</ToggleGroup.Item>
    </ToggleGroup.Root>
  )
}

interface RestoreProps {
  history: DocumentHistory
  version: Version
  disabled: boolean
}

function Restore({ history, version, disabled }: RestoreProps) {
  const [busy, setBusy] = useState(false)
  const restore = async () => {
    setBusy(true)
    try {
      const changed = await history.restore(version)
      if (changed) tell('The version was restored', 'What it replaced is kept: restore that one to take this back.')
      else tell('The text was the same already')
      history.leave()
    } catch (error) {
      tellProblem('The version was not restored', error)
      setBusy(false)
    }
  }
  return (
    <Button small look="primary" disabled={disabled || busy} onClick={() => void restore()}>
      {busy ? 'Restoring…' : 'Restore this version'}
    </Button>
  )
}

interface ComparisonHeadProps {
  history: DocumentHistory
  look: Look
  title: string
  newer: Version | null
  older: Version | null
  /** Whether the version is not in the list any more. */
  thinned: boolean
  /** Whether its text can be had. */
  readable: boolean
  session: DocumentSession
  /** Places that differ, null while that is not known. */
  count: number | null
  whole: boolean
  onWhole: (whole: boolean) => void
  difference: Difference | null
}

/** What is looked at, and what can be done with it. */
export function ComparisonHead(props: ComparisonHeadProps) {
  const { history, look, title, newer, older, thinned, readable, session, count, whole, onWhole, difference } = props
  const { version, against } = look
  const { me } = useWorkspace()
  const { canEdit } = useRole()
  const phase = useStore(session.phase)
  const same = count === 0
  const found = same ? (against === 'present' ? 'The present text is the same' : 'Nothing differs') : null
  return (
    <header className="comparison-head">
      <div className="comparison-title">
        <IconButton
          label="Older version"
          keys={written('Alt-ArrowDown')}
          disabled={older === null}
          onClick={() => older && history.lookAt(older)}
        >
          <ChevronLeft />
        </IconButton>
        <IconButton
          label="Newer version"
          keys={written('Alt-ArrowUp')}
          disabled={newer === null}
          onClick={() => newer && history.lookAt(newer)}
        >
          <ChevronRight />
        </IconButton>
        <Hands hands={version.authors} />
        <div className="comparison-what">
          <h2>
            <bdi>{title}</bdi>
          </h2>
          <p>{whoTookPart(version.authors, me.id)}</p>
        </div>
        {canEdit && readable && phase.is !== 'ended' ? (
          <Restore history={history} version={version} disabled={same && against === 'present'} />
        ) : null}
        <IconButton label="Close" keys="Esc" onClick={() => history.leave()}>
          <X />
        </IconButton>
      </div>
      <div className="comparison-tools">
        <span className="comparison-with" aria-hidden>
          Compare with
        </span>
        <AgainstSwitch against={against} onChange={history.compareWith} />
        <span className="comparison-count" role="status">
          {count === null ? '' : (found ?? plural(count, 'change'))}
        </span>
        <IconButton label="Previous change" keys="Shift F8" disabled={!count} onClick={() => difference?.previous()}>
          <ArrowUp />
        </IconButton>
        <IconButton label="Next change" keys="F8" disabled={!count} onClick={() => difference?.next()}>
          <ArrowDown />
        </IconButton>
        <IconButton label="All lines" aria-pressed={whole} disabled={count === null} onClick={() => onWhole(!whole)}>
          <UnfoldVertical />
        </IconButton>
      </div>
      {phase.is === 'ended' ? (
        <p className="comparison-note" role="alert">
          {phase.ending.title}. Nothing can be restored into it.
        </p>
      ) : thinned && readable ? (
        <p className="comparison-note" role="status">
          This version was thinned out: the older versions become, the fewer of them are kept.
        </p>
      ) : null}
    </header>
  )
}
