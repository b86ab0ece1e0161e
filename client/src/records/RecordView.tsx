import { ArrowLeft } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { FeedbackApi, WholeRecord } from '../api/feedback'
import { describe } from '../api/problem'
import { formatFull } from '../lib/format'
import { Button } from '../ui/Button'
import { Confirm } from '../ui/Confirm'
import { attempt } from '../ui/toasts'
import { Waiting } from '../ui/Waiting'
import { Difference } from './Difference'
import { decided, kinds, leftOut, looks, making, share, shown, surroundings } from './words'

function Became({ record }: { record: WholeRecord }) {
  const taken = looks(record)
  const last = taken.at(-1)
  if (record.decision !== 'accepted') return null
  return (
    <section>
      <h3>What people made of it</h3>
      {last === undefined ? (
        <p className="quiet">Nobody has looked again yet, or the file was gone, or it was undone before.</p>
      ) : (
        <>
          <dl className="record-facts">
            {taken.map(({ when, look }) => (
              <div key={when}>
                <dt>{when}</dt>
                <dd>{share(look.kept_rate)} kept</dd>
              </div>
            ))}
          </dl>
          <Difference before={record.proposed_text} after={last.look.final_text} same="It stayed as it was proposed." />
        </>
      )}
    </section>
  )
}

function Told({ record }: { record: WholeRecord }) {
  const roles: Record<string, string> = { system: 'Standing instructions', user: 'The request', assistant: 'An answer' }
  return (
    <section>
      <h3>What the model was told</h3>
      {record.messages.length === 0 ? (
        <p className="quiet">Not kept: it was erased, or nothing was recorded when it was asked.</p>
      ) : (
        record.messages.map(({ role, content }, index) => (
          <details key={index}>
            <summary>{roles[role] ?? role}</summary>
            <pre tabIndex={0}>{content}</pre>
          </details>
        ))
      )}
    </section>
  )
}

function Made({ record }: { record: WholeRecord }) {
  const { consent, redactions } = record
  const since = consent.since ? ` since ${formatFull(consent.since)}` : ''
  const by = consent.by ? `, as ${consent.by.name} decided` : ''
  return (
    <section>
      <h3>How it came about</h3>
      <dl className="record-facts">
        {making(record).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p>{shown(record)}</p>
      {redactions.length === 0 ? (
        <p>Nothing in it looked like a password or a key.</p>
      ) : (
        <>
          <p>Left out, because it looked secret:</p>
          <ul className="record-list-plain">
            {leftOut(redactions).map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </>
      )}
      <p className="quiet">{`Recorded because the workspace records decisions${since}${by}.`}</p>
    </section>
  )
}

function Whole({ record }: { record: WholeRecord }) {
  return (
    <>
      <header className="record-title">
        <h3>{record.path}</h3>
        <p>
          {`${kinds[record.kind]}. ${decided(record)}, ${formatFull(record.decided_at)}.`}
          {record.requested_by === null ? null : ` Asked for by ${record.requested_by.name}.`}
        </p>
        {record.reason === null ? null : <q>{record.reason}</q>}
      </header>
      <section>
        <h3>The proposal</h3>
        <Difference
          before={record.base_text}
          after={record.proposed_text}
          around={surroundings(record)}
          same="It proposed what stood there already."
        />
      </section>
      <Became record={record} />
      <Told record={record} />
      <Made record={record} />
    </>
  )
}

interface RecordViewProps {
  api: FeedbackApi
  id: string
  /** Owners erase; everybody else reads. */
  canErase: boolean
  onBack: () => void
  onErased: (id: string) => void
}

/** One record, whole. */
export function RecordView({ api, id, canErase, onBack, onErased }: RecordViewProps) {
  const [record, setRecord] = useState<WholeRecord | null>(null)
  const [problem, setProblem] = useState('')
  const [erasing, setErasing] = useState(false)

  useEffect(() => {
    let left = false
    api.get(id).then(
      (found) => left || setRecord(found),
      (error: unknown) => left || setProblem(describe(error).detail || describe(error).title),
    )
    return () => {
      left = true
    }
  }, [api, id])

  const erase = async () => {
    if (await attempt('The record was not erased', () => api.erase(id))) onErased(id)
  }
  return (
    <article className="record">
      <div className="row">
        <Button small look="quiet" onClick={onBack}>
          <ArrowLeft aria-hidden /> All records
        </Button>
        {canErase && record !== null ? (
          <Button small look="danger" onClick={() => setErasing(true)}>
            Erase this record…
          </Button>
        ) : null}
      </div>
      {record === null ? problem === '' ? <Waiting>Reading the record…</Waiting> : <p role="alert">{problem}</p> : null}
      {record === null ? null : <Whole record={record} />}
      {erasing ? (
        <Confirm
          title="Erase this record?"
          description="It is gone for good, and nothing is learned from it. The file and the decision stay as they are."
          action="Erase"
          onConfirm={() => void erase()}
          onClose={() => setErasing(false)}
        />
      ) : null}
    </article>
  )
}
