import * as Y from 'yjs'
import type { Awareness } from 'y-protocols/awareness'

/** Somebody else's place in the open text. */
export interface Peer {
  client: number
  /** Id of the person, as the server set it. */
  user: string | null
  name: string
  color: string
  anchor: number
  head: number
  /** Another one only when the person moved, not when text before the cursor did. */
  place: string
}

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
const isClock = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** A relative position from presence: anybody may have written anything there, and Yjs throws on some of it. */
function readPosition(value: unknown): Y.RelativePosition | null {
  if (!isObject(value)) return null
  const { item, tname } = value
  const named = tname === 'text'
  const placed = isObject(item) && isClock(item.client) && isClock(item.clock)
  if (!named && !placed) return null
  return Y.createRelativePositionFromJSON({
    tname: named ? 'text' : null,
    item: placed ? { client: item.client, clock: item.clock } : null,
    assoc: value.assoc === -1 ? -1 : 0,
  })
}

export function readColor(value: unknown): string {
  return typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value) ? value : '#6b6459'
}

export function readName(value: unknown): string {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 80) : 'Somebody'
}

function resolve(value: unknown, text: Y.Text): number | null {
  const position = readPosition(value)
  const found = position && text.doc && Y.createAbsolutePositionFromRelativePosition(position, text.doc)
  return found?.type === text ? found.index : null
}

/** What somebody has at the top of their screen. */
export interface Top {
  /** The beginning of the line. */
  index: number
  /** How much of what is made of that line has scrolled out, where it is seen as its preview. */
  part: number
  /** Another one only when they scroll. */
  name: string
}

/** Null where they have not told. */
export function readTop(awareness: Awareness, text: Y.Text, user: string): Top | null {
  for (const [client, state] of awareness.getStates()) {
    const { user: person, top } = state as { user?: unknown; top?: unknown }
    if (client === awareness.clientID || !isObject(person) || person.id !== user) continue
    const index = resolve(top, text)
    if (index === null) continue
    const part = isObject(top) && typeof top.part === 'number' ? Math.min(1, Math.max(0, top.part)) || 0 : 0
    return { index, part, name: JSON.stringify(top) }
  }
  return null
}

/** What `readTop` reads. */
export function topAt(text: Y.Text, index: number, part = 0) {
  // The other side of the line end in front of it: what is typed at the beginning of the line belongs to it.
  const position = Y.createRelativePositionFromTypeIndex(text, index, index === 0 ? 0 : -1)
  return { ...(Y.relativePositionToJSON(position) as Json), ...(part > 0 && { part }) }
}

/** Where everybody else is, in UTF-16 positions of the present text. */
export function readPeers(awareness: Awareness, text: Y.Text): Peer[] {
  const peers: Peer[] = []
  for (const [client, state] of awareness.getStates()) {
    if (client === awareness.clientID) continue
    const { cursor, user } = state as { cursor?: unknown; user?: unknown }
    if (!isObject(cursor)) continue
    const anchor = resolve(cursor.anchor, text)
    const head = resolve(cursor.head, text)
    if (anchor === null || head === null) continue
    const person = isObject(user) ? user : {}
    peers.push({
      client,
      user: typeof person.id === 'string' ? person.id : null,
      name: readName(person.name),
      color: readColor(person.color),
      anchor,
      head,
      place: JSON.stringify(cursor),
    })
  }
  return peers.sort((a, b) => a.client - b.client)
}
