import type { MouseEvent } from 'react'
import { currentPlace, go } from '../app/location'
import { arriveAt } from '../document/arrival'
import type { TreeNode } from '../tree/rules'

/** The heading that somebody is going to in another file, until it is on the page. */
let awaited: { path: string; anchor: string } | null = null

const anchored = (box: Element, anchor: string) =>
  box.querySelector<HTMLElement>(`[data-anchor="${CSS.escape(anchor)}"]`)

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

/** Goes to a heading or a footnote in a rendered text; false when there is none of that name. */
function goToAnchor(box: Element, anchor: string): boolean {
  const found = anchored(box, anchor)
  if (found === null) return false
  found.scrollIntoView({ block: 'start' })
  if (found.tagName !== 'A') found.tabIndex = -1
  found.focus({ preventScroll: true })
  return true
}

/** Takes whoever followed a link to a heading of this file there, once it is drawn. */
export function arriveAtAnchor(box: Element, path: string): void {
  if (awaited === null) return
  if (awaited.path !== path || goToAnchor(box, awaited.anchor)) awaited = null
}

const aLine = /^L([1-9]\d{0,8})$/

/**
 * Opens a link to a file of the workspace, to a line of it such as #L12, or to a heading, within the page; every other
 * click is the browser's.
 */
export function followLink(event: MouseEvent, nodes: ReadonlyMap<string, TreeNode>): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  const place = currentPlace.get()
  if (link === null || place.at !== 'workspace') return
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  const { file, fragment } = link.dataset
  const href = link.getAttribute('href') ?? ''
  if (file === undefined) {
    if (!href.startsWith('#')) return
    event.preventDefault()
    goToAnchor(event.currentTarget, decoded(href.slice(1)))
    return
  }
  event.preventDefault()
  const line = aLine.exec(fragment ?? '')
  const node = nodes.get(file)
  if (line !== null && node?.kind === 'text') {
    arriveAt({ document: node.id, line: Number(line[1]), column: null, focus: true })
    go({ ...place, path: file })
    return
  }
  if (fragment !== undefined) awaited = { path: file, anchor: fragment }
  if (file !== place.path || fragment === undefined) go({ ...place, path: file })
  else arriveAtAnchor(event.currentTarget, file)
}
