import type { ActionId } from '../actions/catalogue'
import type { Tree } from '../tree/rules'
import {
  close,
  closeAll,
  closeOthers,
  closeToTheRight,
  isReopenable,
  join,
  move,
  openBeside,
  reopen,
  step,
} from './arrange'
import { activeTab, focusOn, halfAt, isSplit, keep, type Layout, otherSide, type Side, tabOf } from './layout'

/** Something that can be done with the tabs. */
export interface Operation {
  id: ActionId
  change: (layout: Layout) => Layout
  /** Why it cannot be done now, in words that go on from "Not now:". */
  missing: string | null
  /** Whether going back in the browser undoes it. */
  visit?: boolean
}

/** What can be done with one tab. `wide`: whether there is room for two halves. */
export function tabOperations(layout: Layout, side: Side, document: string | null, wide: boolean): Operation[] {
  const half = halfAt(layout, side)
  const tab = tabOf(half, document)
  const id = document ?? ''
  const at = half.tabs.findIndex(({ node }) => node.id === document)
  const isFirst = at === 0
  const isLast = at === half.tabs.length - 1
  const isAlone = half.tabs.length === 1
  const operation = (action: ActionId, change: Operation['change'], missing: string | false = false): Operation => ({
    id: action,
    change,
    missing: tab === undefined ? 'no file is open' : missing === false ? null : missing,
  })
  const halves: Operation[] = [
    operation('tabs.split', (now) => openBeside(now, side, id), tab?.deleted === true && 'the file was deleted'),
    operation(
      'tabs.moveAcross',
      (now) => move(now, side, id, otherSide(side), halfAt(now, otherSide(side)).tabs.length),
      isAlone && !isSplit(layout) && 'no other tab is open',
    ),
  ]
  return [
    operation('tabs.keep', (now) => keep(now, side, id), tab?.kept === true && 'it is kept already'),
    operation('tabs.close', (now) => close(now, side, id)),
    operation('tabs.closeOthers', (now) => closeOthers(now, side, id), isAlone && 'no other tab is open'),
    operation('tabs.closeRight', (now) => closeToTheRight(now, side, id), isLast && 'it is the last tab'),
    operation('tabs.closeAll', (now) => closeAll(now, side)),
    operation('tabs.moveLeft', (now) => move(now, side, id, side, at - 1), isFirst && 'it is the first tab'),
    operation('tabs.moveRight', (now) => move(now, side, id, side, at + 2), isLast && 'it is the last tab'),
    ...(wide ? halves : []),
  ]
}

/** What can be done whichever tab is shown. */
export function layoutOperations(layout: Layout, tree: Pick<Tree, 'nodes'>, wide: boolean): Operation[] {
  const { tabs, active } = halfAt(layout, layout.focus)
  const onlyOne = tabs.length === 0 || (tabs.length === 1 && active !== null) ? 'no other tab is open' : null
  const unsplit = isSplit(layout) ? null : 'there is only one half'
  const halves: Operation[] = [
    { id: 'tabs.otherHalf', change: (now) => focusOn(now, otherSide(now.focus)), missing: unsplit },
    { id: 'tabs.join', change: join, missing: unsplit },
  ]
  return [
    { id: 'tabs.next', change: (now) => step(now, 1), missing: onlyOne, visit: true },
    { id: 'tabs.previous', change: (now) => step(now, -1), missing: onlyOne, visit: true },
    {
      id: 'tabs.reopen',
      change: (now) => reopen(now, tree),
      missing: isReopenable(layout, tree) ? null : 'no tab was closed',
      visit: true,
    },
    ...(wide ? halves : []),
  ]
}

/** What the palette and the keys offer: for the tab that is shown in the half with the focus. */
export const allOperations = (layout: Layout, tree: Pick<Tree, 'nodes'>, wide: boolean): Operation[] => [
  ...layoutOperations(layout, tree, wide),
  ...tabOperations(layout, layout.focus, activeTab(layout)?.node.id ?? null, wide),
]
