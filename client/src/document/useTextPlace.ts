import type { EditorView } from '@codemirror/view'
import { useCallback, useLayoutEffect, useRef, useState } from 'react'
import { otherSide, type Side } from '../tabs/layout'
import { useWorkspace } from '../workspace/context'
import type { DocumentSession } from './session'
import { goToPlace, placeOf } from './textPlace'

/**
 * The view on a text, and what takes note of a new one: it begins where one was in this text when it was last shown in
 * this half, or else in the other.
 */
export function useTextPlace(
  { document, text }: DocumentSession,
  side: Side,
): readonly [EditorView | null, (view: EditorView | null) => void] {
  const { places } = useWorkspace().tabs
  const [view, setView] = useState<EditorView | null>(null)
  const shown = useRef<EditorView | null>(null)
  const key = (half: Side) => `${half}:${document}`
  const here = key(side)
  const there = key(otherSide(side))

  const onView = useCallback(
    (next: EditorView | null) => {
      shown.current = next
      setView(next)
      const place = places.get(here) ?? places.get(there)
      if (next !== null && place !== undefined) goToPlace(next, text, place)
    },
    [places, here, there, text],
  )

  // While it is still on the page: afterwards nothing is scrolled any more.
  useLayoutEffect(
    () => () => {
      if (shown.current?.dom.isConnected === true) places.set(here, placeOf(shown.current, text))
    },
    [places, here, text],
  )
  return [view, onView]
}
