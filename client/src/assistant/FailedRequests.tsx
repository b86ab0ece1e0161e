import { RotateCcw, X } from 'lucide-react'
import { useState } from 'react'
import type { ListedJob } from '../api/types'
import { dismissJob, retryJob } from '../api/workspace'
import { formatFull, formatWhen, plural } from '../lib/format'
import { baseName } from '../lib/paths'
import { useStore } from '../lib/store'
import { Button, IconButton } from '../ui/Button'
import { attempt } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'

function Failure({ job }: { job: ListedJob }) {
  const { canEdit } = useRole()
  const [busy, setBusy] = useState(false)
  const act = async (what: string, action: () => Promise<unknown>) => {
    setBusy(true)
    await attempt(what, action)
    setBusy(false)
  }
  const time = job.finished_at ?? job.created_at
  return (
    <li className="failure">
      <p className="failure-asked">
        <q>{job.instruction}</q>
      </p>
      <p className="failure-where">
        {job.requested_by.name}
        {job.path ? (
          <>
            {' '}
            in <bdi title={job.path}>{baseName(job.path)}</bdi>
          </>
        ) : null}
        {', '}
        <time dateTime={time} title={formatFull(time)}>
          {formatWhen(time)}
        </time>
      </p>
      <p className="failure-why">{job.error}</p>
      {canEdit ? (
        <p className="failure-actions">
          <Button small disabled={busy} onClick={() => void act('It was not tried again', () => retryJob(job.id))}>
            <RotateCcw aria-hidden /> Try again
          </Button>
          <IconButton
            label="Dismiss"
            side="top"
            disabled={busy}
            onClick={() => void act('It was not dismissed', () => dismissJob(job.id))}
          >
            <X />
          </IconButton>
        </p>
      ) : null}
    </li>
  )
}

/** What the assistant was asked and could not do, for everybody to see and for editors to have tried again. */
export function FailedRequests() {
  const list = useStore(useWorkspace().failures.list)
  const [open, setOpen] = useState(false)
  if (list.length === 0) return null
  return (
    <details className="failures" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{plural(list.length, 'failed request')}</summary>
      <ul>
        {list.map((job) => (
          <Failure key={job.id} job={job} />
        ))}
      </ul>
    </details>
  )
}
