import { type RefObject, useEffect } from 'react'
import { arriveAt, expected } from '../document/arrival'
import { useStore } from '../lib/store'
import type { Drawing } from './drawing'
import { previewTop } from './useScrollTogether'

/** Part of the preview's height that stays above the line that somebody came for. */
const above = 0.2

/**
 * Takes whoever is expected in a document to their line, where its preview stands in the place of the text. Returns what
 * is to be called whenever it is drawn.
 */
export function usePreviewArrival(
  document: string,
  alone: boolean,
  scroller: RefObject<HTMLElement | null>,
  drawing: RefObject<Drawing | null>,
): () => void {
  const arrival = useStore(expected)
  const arrive = () => {
    const preview = scroller.current
    if (!alone || arrival?.document !== document || preview === null || drawing.current === null) return
    arriveAt(null)
    if (arrival.line !== null) {
      const top = previewTop(drawing.current, preview, arrival.line - 1)
      preview.scrollTo({ top: Math.max(0, top - above * preview.clientHeight) })
    }
    if (arrival.focus) preview.focus({ preventScroll: true })
  }
  useEffect(arrive)
  return arrive
}
