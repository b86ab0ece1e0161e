import { move, openBeside } from './arrange'
import { dragged, draggedType } from './dragged'
import { halfAt, isSplit, type Layout, otherSide, type Side } from './layout'
import type { OpenTabs } from './openTabs'

export function startDragging(tabs: OpenTabs, side: Side, document: string, transfer: DataTransfer): void {
  transfer.setData(draggedType, document)
  transfer.effectAllowed = 'move'
  dragged.set({
    target: (onto, right) => dropSide(tabs.layout.get(), side, onto, right),
    drop: (into) => tabs.change((layout) => dropInto(layout, side, document, into)),
    place: (into, to) => tabs.change((layout) => move(layout, side, document, into, to)),
  })
}

/** Before which of the tabs something is dropped that is `x` pixels from the left; each has its middle there. */
export const placeAt = (middles: readonly number[], x: number): number => {
  const place = middles.findIndex((middle) => x < middle)
  return place < 0 ? middles.length : place
}

/** Where a tab of `side` goes that is dropped on what a half shows, on the right of it or not. */
export function dropSide(layout: Layout, side: Side, onto: Side, right: boolean): Side | null {
  if (isSplit(layout)) return onto === side ? null : onto
  return right ? otherSide(side) : null
}

/** At the end of the half. The only tab there is goes to the other half by being there twice. */
export function dropInto(layout: Layout, side: Side, document: string, into: Side): Layout {
  const isAlone = !isSplit(layout) && halfAt(layout, side).tabs.length === 1
  return isAlone
    ? openBeside(layout, side, document)
    : move(layout, side, document, into, halfAt(layout, into).tabs.length)
}
