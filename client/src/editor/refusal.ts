import { Facet } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { tell } from '../ui/toasts'

/** Why nobody may change this text here, as a clause; null where one may. */
export const refusal = Facet.define<string | null, string | null>({ combine: (reasons) => reasons[0] ?? null })

const sentence = (clause: string) => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`

/** Says why a key does nothing (`what`: "The assistant was not asked"); whether there is a reason. */
export function refuse({ state }: Pick<EditorView, 'state'>, what: string): boolean {
  const reason = state.facet(refusal)
  if (reason === null) return false
  tell(what, sentence(reason))
  return true
}
