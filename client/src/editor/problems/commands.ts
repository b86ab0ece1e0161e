import { type EditorState, Facet } from '@codemirror/state'
import type { Command } from '@codemirror/view'
import type { ActionId } from '../../actions/catalogue'

type ProblemAction = Extract<ActionId, `problems.${string}`>

/** What can be done about problems, provided by the layer that finds them once that is loaded. */
export const problemTools = Facet.define<Readonly<Record<ProblemAction, Command>>>()

/** Whether somebody checks this kind of text. */
export const isChecked = (state: EditorState) => state.facet(problemTools).length > 0

const byTool =
  (action: ProblemAction): Command =>
  (view) => {
    const [tools] = view.state.facet(problemTools)
    return tools?.[action](view) ?? false
  }

export const problemCommands = {
  'problems.next': byTool('problems.next'),
  'problems.previous': byTool('problems.previous'),
  'problems.list': byTool('problems.list'),
  'problems.fix': byTool('problems.fix'),
} satisfies Record<ProblemAction, Command>
