import { createStore, type ReadableStore } from '../lib/store'

export type Completing = 'on' | 'off'

const key = 'scriptorium:completions'

function saved(): Completing {
  try {
    return localStorage.getItem(key) === 'off' ? 'off' : 'on'
  } catch {
    return 'on'
  }
}

const store = createStore<Completing>(saved())

/** Whether this person, in this browser, wants to be completed. */
export const completing: ReadableStore<Completing> = store

export function setCompleting(next: Completing): void {
  store.set(next)
  try {
    localStorage.setItem(key, next)
  } catch {
    // It holds for this page then.
  }
}
