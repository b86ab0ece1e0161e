import type { Awareness } from 'y-protocols/awareness'
import { readColor, readName } from '../editor/peers'

/** One open page of a person. The same person may have several. */
export interface Presence {
  client: number
  user: string
  name: string
  color: string
  /** Id of the document that is open there. */
  document: string | null
}

/** Who is in the workspace. The server writes `user`; everything else is what that page says about itself. */
export function readPresence(awareness: Awareness): Presence[] {
  const present: Presence[] = []
  for (const [client, state] of awareness.getStates()) {
    const { user, document } = state as { user?: unknown; document?: unknown }
    if (typeof user !== 'object' || user === null) continue
    const { id, name, color } = user as Record<string, unknown>
    if (typeof id !== 'string') continue
    present.push({
      client,
      user: id,
      name: readName(name),
      color: readColor(color),
      document: typeof document === 'string' ? document : null,
    })
  }
  return present.sort((a, b) => a.name.localeCompare(b.name) || a.client - b.client)
}

/** Everybody once, with any of their pages. */
export function people(present: readonly Presence[]): Presence[] {
  return [...new Map(present.map((presence) => [presence.user, presence])).values()]
}
