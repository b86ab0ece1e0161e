import { EditorSelection } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect } from 'react'
import { useStore } from '../lib/store'
import { arriveAt, expected } from './arrival'

/** Puts the cursor into a line, the last one if there are not so many. */
export function goToLine(view: EditorView, line: number, column: number | null): void {
  const { doc } = view.state
  const at = doc.line(Math.max(1, Math.min(line, doc.lines)))
  const place = Math.min(at.to, at.from + Math.max(0, (column ?? 1) - 1))
  view.dispatch({
    selection: EditorSelection.cursor(place),
    effects: EditorView.scrollIntoView(place, { y: 'center' }),
  })
}

/** Takes whoever is expected in this document to where they are going; `focused`: in the half with the focus. */
export function useArrival(view: EditorView | null, document: string, focused: boolean): void {
  const arrival = useStore(expected)
  useEffect(() => {
    if (view === null || !focused || arrival === null) return
    arriveAt(null)
    // Somebody went elsewhere before the text was there.
    if (arrival.document !== document) return
    if (arrival.line !== null) goToLine(view, arrival.line, arrival.column)
    if (arrival.focus) view.focus()
  }, [view, document, focused, arrival])
}
