/**
 * When grey text is asked for, what of it is on the screen, and what became of it. Pure: the editor tells what happens
 * and carries out what is returned. Positions are UTF-16 code units of the text, times milliseconds of any clock.
 */
import { heard, pauseOf, type Rhythm, unknownRhythm } from './rhythm'

export type Part = 'whole' | 'line' | 'word'

interface Completion {
  request: number
  /** Where it begins. */
  at: number
  /** What stands of it in the text by now, typed or accepted. While it streams this may be ahead of what has come. */
  typed: string
  /** How much of that came by accepting. */
  accepted: number
  /** The server's name for it, null until its first piece. */
  id: string | null
  /** The model that does not answer, where the built-in assistant does. */
  insteadOf: string | null
  text: string
  done: boolean
  shownMs: number
  shownSince: number | null
}

export interface Ghost {
  /** Whether the person wants any. */
  on: boolean
  /** Something else is in the way: what there is stays, unseen. */
  blocked: boolean
  rhythm: Rhythm
  /** Where the person is typing; null when the cursor was put there by other means. */
  cursor: number | null
  /** When the pause has lasted long enough to ask. */
  due: number | null
  completion: Completion | null
  requests: number
}

export interface Change {
  from: number
  to: number
  inserted: number
}

export type GhostEvent =
  | { is: 'typed'; from: number; to: number; insert: string }
  /** Any other edit of one's own; the cursor is behind it. */
  | { is: 'edited'; cursor: number }
  /** By somebody else; positions of the text before. */
  | { is: 'others'; changes: readonly Change[] }
  /** The cursor went elsewhere, or something is selected. */
  | { is: 'moved' }
  | { is: 'blocked'; blocked: boolean }
  | { is: 'switched'; on: boolean }
  /** The time that was `due` has come. `fits`: there is room for grey text behind the cursor. */
  | { is: 'due'; fits: boolean }
  | { is: 'piece'; request: number; id: string; text: string; insteadOf: string | null }
  | { is: 'ended'; request: number }
  | { is: 'accepted'; part: Part }
  | { is: 'rejected' }
  /** The editor has lost the focus, or goes away. */
  | { is: 'left' }

export type Deed =
  | { do: 'ask'; request: number; at: number }
  | { do: 'abort'; request: number }
  /** `taken`: the range in the text that was accepted. */
  | {
      do: 'tell'
      id: string
      decision: 'accept' | 'reject' | 'ignore'
      shownMs: number
      taken: { from: number; to: number } | null
    }

export const noGhost: Ghost = {
  on: true,
  blocked: false,
  rhythm: unknownRhythm,
  cursor: null,
  due: null,
  completion: null,
  requests: 0,
}

export interface GreyText {
  at: number
  text: string
  insteadOf: string | null
}

/** What is to be seen now. */
export function greyText({ completion, blocked }: Ghost): GreyText | null {
  if (completion === null || blocked) return null
  const { at, typed, text, insteadOf } = completion
  return text.length > typed.length && text.startsWith(typed)
    ? { at: at + typed.length, text: text.slice(typed.length), insteadOf }
    : null
}

/** Words go with the blanks or the line break in front of them. */
const firstWord = /^\s*(?:[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]+)/u
const firstLine = /^\n?[^\n]*/

/** The beginning of a grey text that is accepted as one. */
export function partOf(text: string, part: Part): string {
  const found = part === 'whole' ? null : (part === 'word' ? firstWord : firstLine).exec(text)
  return found === null || found[0] === '' ? text : found[0]
}

export function step(ghost: Ghost, event: GhostEvent, time: number): { ghost: Ghost; deeds: Deed[] } {
  const deeds: Deed[] = []
  return { ghost: timed(next(ghost, event, time, deeds), time), deeds }
}

function next(ghost: Ghost, event: GhostEvent, time: number, deeds: Deed[]): Ghost {
  const { completion } = ghost
  switch (event.is) {
    case 'typed': {
      const rhythm = heard(ghost.rhythm, time)
      const typing = { ...ghost, rhythm, cursor: event.from + event.insert.length }
      const followed = completion && typedAlong(completion, event)
      if (!followed) return paused(dropped(typing, time, deeds), time)
      if (isUsedUp(followed)) return paused(dropped({ ...typing, completion: followed }, time, deeds), time)
      const kept = { ...typing, completion: followed }
      // Who types on before anything has come may be asking about what is no more.
      return followed.text === '' ? paused(kept, time) : { ...kept, due: null }
    }
    case 'edited':
      return paused(dropped({ ...ghost, cursor: event.cursor }, time, deeds), time)
    case 'others': {
      const cursor = ghost.cursor === null ? null : moved(ghost.cursor, event.changes)
      if (completion === null) return { ...ghost, cursor }
      const end = completion.at + completion.typed.length
      const isTouched = event.changes.some(({ from, to }) => from <= end && to >= completion.at)
      if (isTouched) return { ...dropped(ghost, time, deeds), cursor }
      return { ...ghost, cursor, completion: { ...completion, at: moved(completion.at, event.changes) } }
    }
    case 'moved':
    case 'left':
      return { ...dropped(ghost, time, deeds), cursor: null, due: null }
    case 'switched':
      return event.on ? { ...ghost, on: true } : { ...dropped(ghost, time, deeds), on: false, due: null }
    case 'blocked': {
      const unblocked = ghost.blocked && !event.blocked && ghost.cursor !== null && completion === null
      return unblocked ? paused({ ...ghost, blocked: false }, time) : { ...ghost, blocked: event.blocked }
    }
    case 'due':
      return asked(ghost, event.fits, time, deeds)
    case 'piece': {
      if (completion?.request !== event.request) return ghost
      const { id, text, insteadOf } = event
      const grown = { ...ghost, completion: { ...completion, id, insteadOf, text: completion.text + text } }
      if (!follows(grown.completion, grown.completion.typed)) return again(dropped(grown, time, deeds), time)
      return { ...grown, due: null }
    }
    case 'ended': {
      if (completion?.request !== event.request) return ghost
      const whole = { ...completion, done: true }
      const ended = { ...ghost, completion: whole }
      if (!isUsedUp(whole) && follows(whole, whole.typed)) return ended
      const without = dropped(ended, time, deeds)
      // Nobody has typed since it was asked for, so nothing else would come now.
      return whole.typed === '' ? without : again(without, time)
    }
    case 'accepted': {
      const shown = greyText(ghost)
      if (completion === null || shown === null) return ghost
      const typed = completion.typed + partOf(shown.text, event.part)
      const taken = { ...completion, typed, accepted: typed.length }
      const after = { ...ghost, completion: taken, cursor: taken.at + typed.length, due: null }
      if (event.part !== 'whole' && !isUsedUp(taken)) return after
      return paused(dropped(after, time, deeds), time)
    }
    case 'rejected':
      return greyText(ghost) === null ? ghost : { ...dropped(ghost, time, deeds, 'reject'), due: null }
  }
}

/** Keeps count of the time on the screen. */
function timed(ghost: Ghost, time: number): Ghost {
  const { completion } = ghost
  if (completion === null) return ghost
  const isShown = greyText(ghost) !== null
  if (isShown === (completion.shownSince !== null)) return ghost
  const shownMs = shownFor(completion, time)
  return { ...ghost, completion: { ...completion, shownMs, shownSince: isShown ? time : null } }
}

const shownFor = ({ shownMs, shownSince }: Completion, time: number): number =>
  shownSince === null ? shownMs : shownMs + Math.max(0, time - shownSince)

/** Ask once this person pauses. */
const paused = (ghost: Ghost, time: number): Ghost => ({
  ...ghost,
  due: ghost.on && ghost.cursor !== null ? time + pauseOf(ghost.rhythm) : null,
})

/** Ask anew, unless that is planned already. */
const again = (ghost: Ghost, time: number): Ghost => (ghost.due === null ? paused(ghost, time) : ghost)

const follows = ({ text, done }: Completion, typed: string): boolean =>
  text.startsWith(typed) || (!done && typed.startsWith(text))

const isUsedUp = ({ text, typed, done }: Completion): boolean => done && text === typed

/** The completion with this edit in it, null when the edit is not the beginning of what is left of it. */
function typedAlong(completion: Completion, { from, to, insert }: { from: number; to: number; insert: string }) {
  const { at, typed } = completion
  if (to !== at + typed.length || from < at || (from < to && insert !== '')) return null
  const now = typed.slice(0, from - at) + insert
  const accepted = Math.min(completion.accepted, now.length)
  return follows(completion, now) ? { ...completion, typed: now, accepted } : null
}

function asked(ghost: Ghost, fits: boolean, time: number, deeds: Deed[]): Ghost {
  const { cursor, completion, on, blocked } = ghost
  const waiting = { ...ghost, due: null }
  if (cursor === null || !on || blocked || !fits) return waiting
  // One that is on its way for this very place, or of which something has come, is kept.
  if (completion !== null && (completion.text !== '' || completion.typed === '')) return waiting
  const request = ghost.requests + 1
  const free = dropped(waiting, time, deeds)
  deeds.push({ do: 'ask', request, at: cursor })
  const fresh = { request, at: cursor, typed: '', accepted: 0, id: null, insteadOf: null, text: '', done: false }
  return { ...free, requests: request, completion: { ...fresh, shownMs: 0, shownSince: null } }
}

/** Without its completion, of which the server hears what became of it, if anybody can have seen it. */
function dropped(ghost: Ghost, time: number, deeds: Deed[], otherwise: 'reject' | 'ignore' = 'ignore'): Ghost {
  const { completion } = ghost
  if (completion === null) return ghost
  const { request, at, accepted, id, done } = completion
  if (!done) deeds.push({ do: 'abort', request })
  const shownMs = shownFor(completion, time)
  if (id !== null && accepted > 0) {
    deeds.push({ do: 'tell', id, decision: 'accept', shownMs, taken: { from: at, to: at + accepted } })
  } else if (id !== null && (shownMs > 0 || completion.shownSince !== null)) {
    deeds.push({ do: 'tell', id, decision: otherwise, shownMs, taken: null })
  }
  return { ...ghost, completion: null }
}

function moved(position: number, changes: readonly Change[]): number {
  let at = position
  for (const { from, to, inserted } of changes) {
    if (from >= position) continue
    at += to <= position ? inserted - (to - from) : from - position
  }
  return at
}
