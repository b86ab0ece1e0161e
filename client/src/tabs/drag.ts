import { createStore, type ReadableStore } from '../lib/store'
import { type Layout, move, openBeside, isSplit, otherSide, halfAt, type Side } from './layout'

/** A tab that is being dragged; the browser tells nobody what it is before it is dropped. */
export interface DraggedTab {
  readonly side: Side
  readonly document: string
}

const store = createStore<DraggedTab | null>(null)

export const dragged: ReadableStore<DraggedTab | null> = store

export function startDragging(tab: DraggedTab, transfer: DataTransfer): void {
  // Of a type of its own, so that no text takes it for something to type.
  transfer.setData('application/x-scriptorium-tab', tab.document)
  transfer.effectAllowed = 'move'
  store.set(tab)
}

export const stopDragging = () => store.set(null)

/** Before which of the tabs something is dropped that is `x` pixels from the left; each has its middle there. */
export const placeAt = (middles: readonly number[], x: number): number => {
  const place = middles.findIndex((middle) => x < middle)
  return place < 0 ? middles.length : place
}

/** Where a tab goes that is dropped on what a half shows; null where that means nothing. */
export function dropSide(layout: Layout, { side }: DraggedTab, onto: Side, right: boolean): Side | null {
  if (isSplit(layout)) return onto === side ? null : onto
  return right ? otherSide(side) : null
}

/** The only tab there is goes to the other side by being there twice. */
export function dropInto(layout: Layout, { side, document }: DraggedTab, onto: Side): Layout {
  const isAlone = !isSplit(layout) && halfAt(layout, side).tabs.length === 1
  return isAlone
    ? openBeside(layout, side, document)
    : move(layout, side, document, onto, halfAt(layout, onto).tabs.length)
}
