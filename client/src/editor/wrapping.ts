import { type Extension, Facet } from '@codemirror/state'
import { type Command, EditorView } from '@codemirror/view'
import { createStore, type ReadableStore } from '../lib/store'

/** Paragraphs, or code: each wraps or not, for itself. */
export type TextKind = 'prose' | 'code'

type Wrapping = Readonly<Record<TextKind, boolean>>

const key = 'scriptorium:wrapping'
const usual: Wrapping = { prose: true, code: false }

function saved(): Wrapping {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    if (typeof value !== 'object' || value === null) return usual
    const { prose, code } = value as Record<string, unknown>
    return { prose: prose !== false, code: code === true }
  } catch {
    return usual
  }
}

const store = createStore<Wrapping>(saved())

/** Whether long lines wrap, for this person in this browser. */
export const wrapping: ReadableStore<Wrapping> = store

const kindOf = Facet.define<TextKind, TextKind>({ combine: ([one]) => one ?? 'code' })

/** Where there is no room beside the text, everything wraps. */
export const wrapped = (kind: TextKind, chosen: Wrapping, narrow: boolean): Extension => [
  kindOf.of(kind),
  narrow || chosen[kind] ? EditorView.lineWrapping : [],
]

export const toggleWrapping: Command = (view) => {
  const kind = view.state.facet(kindOf)
  const next = { ...store.get(), [kind]: !store.get()[kind] }
  store.set(next)
  try {
    localStorage.setItem(key, JSON.stringify(next))
  } catch {
    // It holds for this page then.
  }
  view.dispatch({ effects: EditorView.announce.of(next[kind] ? 'Long lines wrap.' : 'Long lines run on.') })
  return true
}
