import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useRef, useState } from 'react'
import { yCollab } from 'y-codemirror.next'
import type { DocumentSession } from '../document/session'
import { useNarrow } from '../lib/hooks'
import { isProse } from '../lib/fileTypes'
import { useWorkspace } from '../workspace/context'
import { followed } from './followed'
import { loadLanguage } from './language'
import { remoteCursors } from './remoteCursors'
import { basics } from './setup'

interface TextEditorProps {
  session: DocumentSession
  path: string
  editable: boolean
  /** Fixed for the life of the editor. */
  extensions: Extension
  onView: (view: EditorView | null) => void
}

const readOnly = (editable: boolean): Extension => EditorState.readOnly.of(!editable)

const label = (path: string): Extension =>
  // What can be typed into can be focused; said in so many words, tools that look for that see it as well.
  EditorView.contentAttributes.of({ 'aria-label': `Text of ${path}`, tabindex: '0' })

/** CodeMirror on the shared text. What changes during its life is swapped in place, so that nobody loses the cursor. */
export function TextEditor({ session, path, editable, extensions, onView }: TextEditorProps) {
  const { following } = useWorkspace()
  const host = useRef<HTMLDivElement>(null)
  const [parts] = useState(() => ({
    language: new Compartment(),
    readOnly: new Compartment(),
    wrapping: new Compartment(),
    label: new Compartment(),
  }))
  const [view, setView] = useState<EditorView | null>(null)
  const narrow = useNarrow()

  useEffect(() => {
    if (host.current === null) return undefined
    const created = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: session.text.toString(),
        extensions: [
          parts.readOnly.of(readOnly(false)),
          parts.language.of([]),
          parts.wrapping.of([]),
          parts.label.of([]),
          extensions,
          basics,
          // Without presence: the cursors of others are ours to draw.
          yCollab(session.text, null, { undoManager: session.undo }),
          remoteCursors(session.awareness, session.text),
          followed(session.awareness, session.text, following),
        ],
      }),
    })
    setView(created)
    onView(created)
    return () => {
      onView(null)
      setView(null)
      created.destroy()
    }
  }, [session, extensions, onView, parts, following])

  useEffect(() => {
    view?.dispatch({ effects: parts.readOnly.reconfigure(readOnly(editable)) })
  }, [view, editable, parts])

  useEffect(() => {
    view?.dispatch({ effects: parts.label.reconfigure(label(path)) })
  }, [view, path, parts])

  useEffect(() => {
    const wraps = narrow || isProse(path)
    view?.dispatch({ effects: parts.wrapping.reconfigure(wraps ? EditorView.lineWrapping : []) })
  }, [view, path, narrow, parts])

  useEffect(() => {
    if (view === null) return undefined
    let current = true
    loadLanguage(path).then(
      (language) => {
        if (current) view.dispatch({ effects: parts.language.reconfigure(language) })
      },
      // Offline, or after an upgrade of the server: the text is there, only without its colours.
      (error: unknown) => console.warn('The language of this file did not load', error),
    )
    return () => {
      current = false
    }
  }, [view, path, parts])

  return <div className="editor" ref={host} />
}
