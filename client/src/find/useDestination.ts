import { EditorView } from '@codemirror/view'
import { useEffect } from 'react'
import { useStore } from '../lib/store'
import { tell } from '../ui/toasts'
import { destination, locate, nearby } from './destination'

/** Brings the match in sight that somebody has chosen, and selects it, once the text is there. */
export function useDestination(view: EditorView | null, document: string): void {
  const wanted = useStore(destination)
  useEffect(() => {
    if (view === null || wanted?.document !== document) return
    destination.set(null)
    const { match, enter } = wanted
    const found = locate(view.state.doc, match)
    if (found === null) tell('This line has changed since it was found')
    const { from, to } = found ?? nearby(view.state.doc, match)
    view.dispatch({
      selection: { anchor: from, head: to },
      effects: EditorView.scrollIntoView(from, { y: 'center' }),
      userEvent: 'select.search',
    })
    if (enter) view.focus()
  }, [view, wanted, document])
}
