import { createStore, type ReadableStore } from '../lib/store'
import { decodeSegment, type Place, readPlace, writePlace } from './place'

const withCode = /^#(signin|invite)=([^&]+)$/

const store = createStore<Place>(readPlace(location.pathname))
addEventListener('popstate', () => store.set(readPlace(location.pathname)))

export const currentPlace: ReadableStore<Place> = store

/** Goes somewhere; `replace` when only the name of where one is has changed. */
export function go(place: Place, replace = false): void {
  const url = writePlace(place)
  if (url === location.pathname) return
  history[replace ? 'replaceState' : 'pushState']({ within: true }, '', url)
  store.set(place)
}

interface Entry {
  within?: true
  note?: unknown
}

/** Something that is found again when somebody comes back to this entry of the history. */
export function noteInHistory(note: unknown): void {
  const entry = history.state as Entry | null
  if (entry?.note !== note) history.replaceState({ ...entry, note }, '')
}

export const notedInHistory = (): unknown => (history.state as Entry | null)?.note

// Pasted into the address bar of a page that is open already, a link changes the fragment and loads nothing.
addEventListener('hashchange', () => {
  if (withCode.test(location.hash)) location.reload()
})

/**
 * A code that came behind the "#" of a link, where no server log sees it; the address bar forgets it at once, so that
 * it is neither shared nor used again by going back.
 */
export function takeFragment(): { kind: 'signin' | 'invite'; code: string } | null {
  const [, kind, code] = withCode.exec(location.hash) ?? []
  if (kind === undefined || code === undefined) return null
  history.replaceState(null, '', location.pathname + location.search)
  return { kind: kind as 'signin' | 'invite', code: decodeSegment(code) }
}
