import type { MouseEvent } from 'react'
import { currentPlace, go } from '../app/location'

/** Opens a link to a file of the workspace within the page; every other click is the browser's. */
export function followLink(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  const file = link?.dataset.file
  const place = currentPlace.get()
  if (file === undefined || place.at !== 'workspace') return
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  go({ ...place, path: file })
}
