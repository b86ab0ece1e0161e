import type { Correction, FeedbackRecord, RecordDecision, RecordKind, Redaction, WholeRecord } from '../api/feedback'
import { plural } from '../lib/format'

export const kinds: Record<RecordKind, string> = {
  edit: 'Edit',
  write: 'Writing',
  completion: 'Completion',
  notice: 'Notice',
}

export const decisions: Record<RecordDecision, string> = {
  accepted: 'Accepted',
  rejected: 'Rejected',
  undone: 'Undone',
  ignored: 'Ignored',
  stale: 'No longer fitted',
  superseded: 'Replaced by another attempt',
}

const moments = [
  ['quiet', 'Once nobody had touched it for 10 seconds'],
  ['30s', 'After 30 seconds'],
  ['10min', 'After 10 minutes'],
] as const

const fields: Record<string, string> = {
  messages: 'what the model was told',
  context: 'the list of what went into it',
  selection: 'the text that was to be changed',
  base_text: 'the text before',
  proposed_text: 'the proposal',
  final_text: 'what became of it',
  reason: 'the reason',
  path: 'the file name',
  params: 'the settings of the model',
}

export const share = (rate: number) => `${Math.round(rate * 100)} %`

/** "Accepted by Bob", or what happened by itself. */
export function decided({ decision, decided_by }: FeedbackRecord): string {
  return decided_by === null ? decisions[decision] : `${decisions[decision]} by ${decided_by.name}`
}

/** One line for a text of any length; what stands for none. */
export function short(text: string, none: string): string {
  const line = text.trim().replace(/\s+/g, ' ')
  if (line === '') return none
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

/** The looks that were taken at an accepted text, in their order. */
export function looks({ corrections }: FeedbackRecord): { when: string; look: Correction }[] {
  return moments.flatMap(([moment, when]) => {
    const look = corrections[moment]
    return look === undefined ? [] : [{ when, look }]
  })
}

export function shown({ was_shown, shown_ms, decided_by }: FeedbackRecord): string {
  const whose = decided_by === null ? 'a screen' : `${decided_by.name}’s screen`
  if (was_shown === null) return `Whether it was on ${whose} is not known.`
  if (!was_shown) return `It was not on ${whose} when it was decided, for example because it was further down.`
  return shown_ms === null
    ? `It was on ${whose}.`
    : `It was on ${whose} for ${(shown_ms / 1000).toFixed(shown_ms < 10_000 ? 1 : 0)} seconds.`
}

export function leftOut(redactions: readonly Redaction[]): string[] {
  return redactions.map(({ field, type, count }) => {
    const times = count === 1 ? '' : ` (${plural(count, 'time')})`
    return `${type}${times}, in ${fields[field] ?? field}`
  })
}

const lettersAround = 160

/** The lines around the text that was to be changed, as far as they are near. */
export function surroundings({ selection, place }: WholeRecord): [front: string, behind: string] {
  if (selection === null || place === null) return ['', '']
  const [start, end] = place
  const front = selection.slice(Math.max(0, start - lettersAround), start)
  const behind = selection.slice(end, end + lettersAround)
  const cutFront = start > lettersAround ? front.slice(front.indexOf('\n') + 1) : front
  const lastBreak = behind.lastIndexOf('\n')
  return [cutFront, end + lettersAround < selection.length && lastBreak >= 0 ? behind.slice(0, lastBreak) : behind]
}

/** How the answer came about, as pairs for a list. */
export function making({ model, timings, usage, cost, params }: WholeRecord): [string, string][] {
  const seconds = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} s`
  const found: [string, string | null][] = [
    ['Model', model],
    ['First words', timings.first_token === null ? null : `after ${seconds(timings.first_token)}`],
    ['Whole answer', timings.total === null ? null : `after ${seconds(timings.total)}`],
    [
      'Tokens',
      usage === null
        ? null
        : `${usage.prompt_tokens ?? '?'} for the question, ${usage.completion_tokens ?? '?'} for the answer`,
    ],
    ['Cost', cost === null ? null : `${cost}`],
    ...Object.entries(params).map(([name, value]): [string, string] => [name, JSON.stringify(value)]),
  ]
  return found.filter((pair): pair is [string, string] => pair[1] !== null)
}
