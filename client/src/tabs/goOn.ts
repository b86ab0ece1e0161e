import { arriveAt } from '../document/arrival'
import { activeTab, type Layout } from './layout'

/** The keyboard goes on in what the half with the focus shows: in the text, else at its tab. */
export function goOnIn(layout: Layout): void {
  const tab = activeTab(layout)
  if (tab?.node.kind === 'text' && !tab.deleted) {
    arriveAt({ document: tab.node.id, line: null, column: null, focus: true })
    return
  }
  // Once it is drawn.
  setTimeout(() => {
    const shown = document.querySelector<HTMLElement>('.half[data-focused] [role=tab][aria-selected=true]')
    ;(shown ?? document.querySelector<HTMLElement>('.half[data-focused]'))?.focus()
  })
}
