import { createStore, type ReadableStore } from '../lib/store'

/** Where somebody is going in a text, once it is there. */
export interface Arrival {
  document: string
  /** Counted from 1, as people do; null to stay where the cursor is. */
  line: number | null
  column: number | null
  /** Whether the text takes the focus. */
  focus: boolean
}

const store = createStore<Arrival | null>(null)

/** Who is expected in a text. */
export const expected: ReadableStore<Arrival | null> = store

/** Has the text go to this place as soon as it is open; null when that was done. */
export const arriveAt = (arrival: Arrival | null) => store.set(arrival)
