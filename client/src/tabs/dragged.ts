import { createStore } from '../lib/store'
import type { Side } from './layout'

/** A tab that is being dragged, and what would become of it. */
export interface DraggedTab {
  readonly side: Side
  readonly document: string
  /** Where it goes when it is dropped on what this half shows; null where that means nothing. */
  target: (onto: Side, right: boolean) => Side | null
  drop: (into: Side) => void
}

/** The browser tells nobody what is dragged before it is dropped. */
export const dragged = createStore<DraggedTab | null>(null)
