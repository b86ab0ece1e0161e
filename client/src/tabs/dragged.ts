import type { DragEvent } from 'react'
import { createStore } from '../lib/store'
import type { Side } from './layout'

/** A type of its own, so that no text takes what is dragged for something to type. */
export const draggedType = 'application/x-scriptorium-tab'

/** A tab, or files of the tree, that are being dragged, and what would become of them. */
export interface Dragged {
  /** Where they go when they are dropped on what this half shows, on the right of it or not; null for nowhere. */
  target: (onto: Side, right: boolean) => Side | null
  drop: (into: Side) => void
  /** Dropped among the tabs of a half, before the one that is now at `to`. */
  place: (side: Side, to: number) => void
}

/** The browser tells nobody what is dragged before it is dropped. */
export const dragged = createStore<Dragged | null>(null)

/** What is dragged by this event, if it is any of that: a drag may have ended where nobody heard of it. */
export const draggedBy = ({ dataTransfer }: DragEvent): Dragged | null =>
  dataTransfer.types.includes(draggedType) ? dragged.get() : null
