import { Suspense, useState } from 'react'
import { lazily } from '../ui/lazily'
import { PlaceLink } from '../app/PlaceLink'
import { OutageNote } from '../assistant/OutageNote'
import { Sentence } from '../ui/Sentence'
import { useStore } from '../lib/store'
import { AssistantAvatar } from '../ui/Avatar'
import { Button } from '../ui/Button'
import { useRole, useWorkspace } from '../workspace/context'
import { recorded } from './recorded'

const AssistantDialog = lazily(() => import('../config/AssistantDialog'))
const RecordsDialog = lazily(() => import('../records/RecordsDialog'))

/** Also while nothing is collected: there may be records from before it was switched off. */
function Records() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button small className="person-action" onClick={() => setOpen(true)}>
        Records…
      </Button>
      <Suspense>{open ? <RecordsDialog onClose={() => setOpen(false)} /> : null}</Suspense>
    </>
  )
}

/** Editors decide together which model answers, and how. */
function Settings() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button small className="person-action" onClick={() => setOpen(true)}>
        Settings…
      </Button>
      <Suspense>{open ? <AssistantDialog onClose={() => setOpen(false)} /> : null}</Suspense>
    </>
  )
}

/** The assistant is one of the people; what answers in its name is said plainly. */
export function AssistantRow() {
  const { api, assistant, summary } = useWorkspace()
  const { canEdit } = useRole()
  const status = useStore(assistant)
  const { collect_feedback: collects } = useStore(summary)
  return (
    <li className="person">
      <AssistantAvatar />
      <span className="person-name">
        Assistant
        <span className="person-where">{status === null ? '' : status.label}</span>
        {status === null || status.configured ? null : (
          <span className="person-note">
            <Sentence text={status.label_detail} />
          </span>
        )}
        {status?.config.state === 'bad' ? (
          <span className="person-note problem">
            Its settings cannot be followed, line {status.config.line}: {status.config.message} What they said before
            stays in force.
          </span>
        ) : null}
        <OutageNote className="person-note outage" />
        {collects ? <span className="person-note">{recorded}</span> : null}
        <span className="person-actions">
          <PlaceLink className="button person-action" data-small place={{ at: 'figures', workspace: api.id }}>
            Figures
          </PlaceLink>
          {canEdit ? <Settings /> : null}
          <Records />
        </span>
      </span>
    </li>
  )
}
