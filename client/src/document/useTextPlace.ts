import type { EditorView } from '@codemirror/view'
import { useCallback, useLayoutEffect, useRef, useState } from 'react'
import { otherSide, type Side } from '../tabs/layout'
import { useWorkspace } from '../workspace/context'
import type { DocumentSession } from './session'
import { goToPlace, placeOf, showPlace, type TextPlace } from './textPlace'

const doings = ['keydown', 'pointerdown', 'wheel', 'touchmove'] as const

/**
 * What others wrote meanwhile comes right after the view, at a moment when that does not yet know what is on its screen,
 * and so cannot hold it there. Goes there once more then, unless somebody has done something themselves.
 */
function showAgainOnSync(view: EditorView, { provider, text }: DocumentSession, place: TextPlace): void {
  if (provider.synced) return
  const over = new AbortController()
  const options = { signal: over.signal, passive: true }
  for (const doing of doings) view.dom.addEventListener(doing, () => over.abort(), options)
  const onSync = () => {
    if (!over.signal.aborted && view.dom.isConnected) showPlace(view, text, place)
    over.abort()
  }
  provider.once('sync', onSync)
}

/**
 * The view on a text, and what takes note of a new one: it begins where one was in this text when it was last shown in
 * this half, or else in the other.
 */
export function useTextPlace(
  session: DocumentSession,
  side: Side,
): readonly [EditorView | null, (view: EditorView | null) => void] {
  const { document, text } = session
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
      if (next === null || place === undefined) return
      goToPlace(next, session.text, place)
      showAgainOnSync(next, session, place)
    },
    [places, here, there, session],
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
