import type { FeedbackRecord } from '../api/feedback'
import { formatFull, formatWhen } from '../lib/format'
import { decided, kinds, share, short } from './words'

function Row({ record, onOpen }: { record: FeedbackRecord; onOpen: () => void }) {
  const { decision, kind, path, base_text: base, proposed_text: proposed, kept_rate: kept } = record
  return (
    <li>
      <button type="button" className="record-row" data-decision={decision} onClick={onOpen}>
        <span className="record-what">
          <strong>{path}</strong>
          <span className="record-texts">
            {base === '' ? null : <del>{short(base, '(blank)')}</del>}{' '}
            {proposed === '' ? null : <ins>{short(proposed, '(blank)')}</ins>}
          </span>
        </span>
        <span className="record-how">
          <span>{decided(record)}</span>
          <small>
            {kinds[kind]}
            {kept === null ? '' : ` · ${share(kept)} kept`} ·{' '}
            <time dateTime={record.decided_at} title={formatFull(record.decided_at)}>
              {formatWhen(record.decided_at)}
            </time>
          </small>
        </span>
      </button>
    </li>
  )
}

/** Records in short, newest first. */
export function RecordList({ records, onOpen }: { records: readonly FeedbackRecord[]; onOpen: (id: string) => void }) {
  return (
    <ul className="record-list" aria-label="Records">
      {records.map((record) => (
        <Row key={record.id} record={record} onOpen={() => onOpen(record.id)} />
      ))}
    </ul>
  )
}
