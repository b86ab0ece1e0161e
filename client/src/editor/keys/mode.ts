import { Facet, StateEffect, StateField } from '@codemirror/state'
import { withoutGhost } from '../../ghost/layer'

export const setMode = StateEffect.define<string>()

/** Hears of the mode whenever it is another one. */
export const onMode = Facet.define<(mode: string) => void>()

/** What the keys of Vim mean at the moment: "normal", "insert", "visual line". */
export const modeField = StateField.define<string>({
  create: () => 'normal',
  update: (mode, { effects }) => effects.find((effect) => effect.is(setMode))?.value ?? mode,
  // Only whoever writes is completed; Esc then always means Vim's.
  provide: (field) => withoutGhost.from(field, (mode) => mode !== 'insert'),
})
