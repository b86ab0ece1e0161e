import { EditorSelection } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useRef } from 'react'
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

/** Takes whoever is expected in this document to where they are going; `here`: it is seen, in the half with the focus. */
export function useArrival(view: EditorView | null, document: string, here: boolean): void {
  const arrival = useStore(expected)
  const left = useRef({ arrival, document })
  useEffect(() => {
    if (view === null || !here || arrival === null) return
    if (arrival.document !== document) {
      // The text that they are leaving may hear of it first. Before any other one, they went elsewhere meanwhile.
      if (left.current.arrival === arrival && left.current.document !== document) arriveAt(null)
      left.current = { arrival, document }
      return
    }
    arriveAt(null)
    if (arrival.line !== null) goToLine(view, arrival.line, arrival.column)
    if (arrival.focus) view.focus()
  }, [view, document, here, arrival])
}
