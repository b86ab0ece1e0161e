import { request } from './http'
import type { Person } from './types'

export type RecordKind = 'edit' | 'write' | 'completion' | 'notice'
export type RecordDecision = 'accepted' | 'rejected' | 'undone' | 'ignored' | 'stale' | 'superseded'

/** A look at an accepted text some time later. */
export interface Correction {
  final_text: string
  /** The share, 0 to 1, of the accepted letters that were still there. */
  kept_rate: number
  at: string
}

export interface Redaction {
  field: string
  type: string
  count: number
}

/** What is kept of one decision, without the prompt. */
export interface FeedbackRecord {
  id: string
  decided_at: string
  kind: RecordKind
  decision: RecordDecision
  path: string
  requested_by: Person | null
  decided_by: Person | null
  reason: string | null
  was_shown: boolean | null
  shown_ms: number | null
  model: string | null
  base_text: string
  proposed_text: string
  final_text: string | null
  kept_rate: number | null
  corrections: Partial<Record<'quiet' | '30s' | '10min', Correction>>
  redactions: Redaction[]
}

export interface WholeRecord extends FeedbackRecord {
  messages: { role: string; content: string }[]
  params: Record<string, unknown>
  selection: string | null
  /** Where the text before stands in the selection. */
  place: [start: number, end: number] | null
  timings: { queued: number | null; first_token: number | null; total: number | null }
  usage: { prompt_tokens: number | null; completion_tokens: number | null } | null
  cost: number | null
  consent: { since?: string | null; by?: Person | null }
}

export interface RecordFilter {
  kind: string
  decision: string
  person: string
  /** Days as the date field of a browser has them, in local time; both are among those that are shown. */
  from: string
  to: string
}

export interface RecordPage {
  records: FeedbackRecord[]
  after: string | null
}

/** The beginning of a local day, or of the day after it, as the interface wants times. */
function dayStart(day: string, later = 0): string {
  const date = new Date(`${day}T00:00`)
  date.setDate(date.getDate() + later)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}

export function recordQuery(filter: RecordFilter, after: string | null): string {
  const fields = {
    kind: filter.kind,
    decision: filter.decision,
    person: filter.person,
    since: dayStart(filter.from),
    until: dayStart(filter.to, 1),
    after: after ?? '',
  }
  return new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== '')).toString()
}

/** The feedback of one workspace. */
export class FeedbackApi {
  private readonly base: string

  constructor(workspace: string) {
    this.base = `/api/workspaces/${encodeURIComponent(workspace)}/feedback`
  }

  exportUrl = (format: string) => `${this.base}?format=${format}`
  list = (filter: RecordFilter, after: string | null) =>
    request<RecordPage>('GET', `${this.base}/records?${recordQuery(filter, after)}`)
  get = (id: string) => request<WholeRecord>('GET', `${this.base}/records/${encodeURIComponent(id)}`)
  erase = (id: string) => request<undefined>('DELETE', `${this.base}/records/${encodeURIComponent(id)}`)
  /** All, or what comes from one person. */
  eraseAll = (person: string | null) =>
    request<{ erased: number }>(
      'DELETE',
      person === null ? this.base : `${this.base}?person=${encodeURIComponent(person)}`,
    )
}
