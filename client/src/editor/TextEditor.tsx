import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useRef, useState } from 'react'
import { yCollab } from 'y-codemirror.next'
import type { DocumentSession } from '../document/session'
import { useNarrow } from '../lib/hooks'
import { isProse } from '../lib/fileTypes'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { useCodeColors } from './colors/useCodeColors'
import { EditorStatus } from './EditorStatus'
import { followed } from './followed'
import { useIndentation } from './indentation/useIndentation'
import { useKeyStyle } from './keys/useKeyStyle'
import { loadLanguage } from './language'
import { refusal } from './refusal'
import { useProblems } from './problems/useProblems'
import { sharedView } from './sharedView'
import { remoteCursors } from './remoteCursors'
import { basics } from './setup'
import { savedInWords, shared } from './shared'
import { wrapped, wrapping } from './wrapping'

interface TextEditorProps {
  session: DocumentSession
  path: string
  /** Why it cannot be changed, as a clause; null where it can be. */
  refused: string | null
  /** Fixed for the life of the editor. */
  extensions: Extension
  onView: (view: EditorView | null) => void
}

const writing = (refused: string | null): Extension => [EditorState.readOnly.of(refused !== null), refusal.of(refused)]

const label = (path: string): Extension =>
  // What can be typed into can be focused; said in so many words, tools that look for that see it as well.
  EditorView.contentAttributes.of({ 'aria-label': `Text of ${path}`, tabindex: '0' })

/** CodeMirror on the shared text. What changes during its life is swapped in place, so that nobody loses the cursor. */
export function TextEditor({ session, path, refused, extensions, onView }: TextEditorProps) {
  const { following } = useWorkspace()
  const host = useRef<HTMLDivElement>(null)
  const [parts] = useState(() => ({
    language: new Compartment(),
    writing: new Compartment(),
    wrapping: new Compartment(),
    label: new Compartment(),
    keys: new Compartment(),
    indentation: new Compartment(),
    problems: new Compartment(),
    colors: new Compartment(),
  }))
  const [view, setView] = useState<EditorView | null>(null)
  const narrow = useNarrow()
  const wraps = useStore(wrapping)
  const mode = useKeyStyle(view, parts.keys)
  const indentation = useIndentation(view, path, parts.indentation)
  const problems = useProblems(view, path, parts.problems)
  useCodeColors(view, parts.colors)

  useEffect(() => {
    if (host.current === null) return undefined
    const created = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: session.text.toString(),
        extensions: [
          parts.keys.of([]),
          parts.writing.of(EditorState.readOnly.of(true)),
          parts.indentation.of([]),
          parts.problems.of([]),
          parts.colors.of([]),
          shared.of({
            undo: session.undo,
            saved: () => savedInWords(session.save.get()),
            whenSaved: () => session.barriers.saved(),
          }),
          parts.language.of([]),
          parts.wrapping.of([]),
          parts.label.of([]),
          extensions,
          basics,
          // Without presence: the cursors of others are ours to draw.
          yCollab(session.text, null, { undoManager: session.undo }),
          remoteCursors(session.awareness, session.text),
          sharedView(session.awareness, session.text),
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
    view?.dispatch({ effects: parts.writing.reconfigure(writing(refused)) })
  }, [view, refused, parts])

  useEffect(() => {
    view?.dispatch({ effects: parts.label.reconfigure(label(path)) })
  }, [view, path, parts])

  useEffect(() => {
    const layout = wrapped(isProse(path) ? 'prose' : 'code', wraps, narrow)
    view?.dispatch({ effects: parts.wrapping.reconfigure(layout) })
  }, [view, path, narrow, wraps, parts])

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

  return (
    <>
      <div className="editor" ref={host} />
      <EditorStatus view={view} mode={mode} problems={problems} indentation={indentation} />
    </>
  )
}
