import type { EventSocket } from '../events/socket'
import { createStore, type ReadableStore } from '../lib/store'

/** Why requests wait that have begun: a model that is busy is asked again in a moment. */
export class WaitingStore {
  private readonly store = createStore<ReadonlyMap<string, string>>(new Map())

  /** Job → a sentence, while it waits. */
  readonly why: ReadableStore<ReadonlyMap<string, string>> = this.store

  constructor(events: EventSocket) {
    events.on('job.changed', ({ id, state, message }) => {
      this.store.update((known) => {
        const why = state === 'queued' ? message : undefined
        if (known.get(id) === why) return known
        const next = new Map(known)
        if (why === undefined) next.delete(id)
        else next.set(id, why)
        return next
      })
    })
  }
}
