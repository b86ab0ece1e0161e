import { Facet } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'

/** What can be done with a selected piece of text, offered beside it. */
export interface TipAction {
  label: string
  title: string
  keys: string
  run: (view: EditorView) => unknown
}

export const tipActions = Facet.define<TipAction>()
