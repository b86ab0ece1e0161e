import { createStore, type ReadableStore } from '../lib/store'
import type { Presence } from '../tree/presence'

/** Whose view one follows, by their user id. */
export class Following {
  private readonly store = createStore<string | null>(null)

  readonly user: ReadableStore<string | null> = this.store

  follow = (user: string) => this.store.set(user)
  stop = () => this.store.set(null)
  toggle = (user: string) => this.store.update((now) => (now === user ? null : user))
}

/**
 * Where somebody is: of several pages that they have open the one with the document that was followed so far, or else
 * any with a document. Null when they are nowhere; undefined when they are not here.
 */
export function whereabouts(
  present: readonly Presence[],
  user: string,
  last: string | null,
): string | null | undefined {
  const pages = present.filter((presence) => presence.user === user)
  if (pages.length === 0) return undefined
  const open = pages.map(({ document }) => document).filter((document) => document !== null)
  return last !== null && open.includes(last) ? last : (open[0] ?? null)
}
