import { indentUnit } from '@codemirror/language'
import { type Compartment, EditorState, type Text } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { useEffect, useMemo, useState } from 'react'
import { useStore } from '../../lib/store'
import { useWorkspace } from '../../workspace/context'
import { configFilesOf } from './configFiles'
import { editorConfigFor } from './editorConfig'
import { type Indentation, indentationOf } from './indentation'

/** Milliseconds between two looks at what a text that is being written tells of itself. */
const lookAgain = 1_000

/** How levels are written in this text, which its keys follow from now on. */
export function useIndentation(view: EditorView | null, path: string, part: Compartment): Indentation | null {
  const session = useWorkspace()
  const tree = useStore(session.tree.tree)
  const files = configFilesOf(session)
  const known = useStore(files.known)
  useEffect(() => files.want(path, tree), [files, path, tree])
  const config = useMemo(() => editorConfigFor(path, files.around(path, tree, known)), [files, path, tree, known])
  const [found, setFound] = useState<Indentation | null>(null)

  useEffect(() => {
    if (view === null) return undefined
    let looked: Text | null = null
    const look = () => {
      if (looked === view.state.doc) return
      looked = view.state.doc
      const next = indentationOf(path, config, looked.iterLines())
      setFound((before) => (before !== null && same(before, next) ? before : next))
    }
    look()
    const timer = setInterval(look, lookAgain)
    return () => clearInterval(timer)
  }, [view, path, config])

  useEffect(() => {
    if (view === null || found === null) return
    const { style, size, tabWidth } = found
    const unit = indentUnit.of(style === 'tab' ? '\t' : ' '.repeat(size))
    view.dispatch({ effects: part.reconfigure([unit, EditorState.tabSize.of(tabWidth)]) })
  }, [view, found, part])

  return found
}

const same = (a: Indentation, b: Indentation) =>
  a.style === b.style && a.size === b.size && a.tabWidth === b.tabWidth && a.from === b.from
