import { type EditorState, Prec, type StateCommand, StateEffect, StateField } from '@codemirror/state'
import {
  type Command,
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  showTooltip,
  type Tooltip,
  type TooltipView,
  WidgetType,
} from '@codemirror/view'
import { bindings } from '../actions/bindings'
import { writtenKey } from '../actions/catalogue'
import { refuse } from '../editor/refusal'
import { type TipAction, tipActions } from '../editor/tipActions'

/** What an instruction is about: a piece of the text, or a place where to write when both ends are one. */
export interface AskRange {
  from: number
  to: number
  /** The recipe that was chosen with it, by name. */
  recipe?: string
}

const openAsk = StateEffect.define<AskRange>()
export const closeAsk = StateEffect.define()

/** Where the form is to be put; React renders it there. */
export type PlaceForm = (element: HTMLElement | null) => void

/** Scrolls as far as all of the form is in sight, or its beginning is at the top; not under somebody who is elsewhere. */
function reveal(form: HTMLElement, { scrollDOM }: EditorView): void {
  const { activeElement, body } = document
  if (activeElement !== body && !form.contains(activeElement)) return
  const [{ top, bottom }, seen] = [form.getBoundingClientRect(), scrollDOM.getBoundingClientRect()]
  const hidden = Math.min(bottom - seen.top - scrollDOM.clientHeight, top - seen.top)
  if (hidden > 0) scrollDOM.scrollTop += hidden
}

class FormPlace extends WidgetType {
  constructor(private readonly place: PlaceForm) {
    super()
  }

  override eq() {
    return true
  }

  override toDOM(view: EditorView) {
    const element = document.createElement('div')
    element.className = 'ask-place'
    // Lines below are measured by the editor, which is not told when a sentence appears in the form.
    const grown = () => {
      view.requestMeasure()
      reveal(element, view)
    }
    new ResizeObserver(grown).observe(element)
    this.place(element)
    return element
  }

  override destroy() {
    this.place(null)
  }

  override ignoreEvent() {
    return true
  }
}

export const askRange = StateField.define<AskRange | null>({
  create: () => null,
  update(range, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(openAsk)) return effect.value
      if (effect.is(closeAsk)) return null
    }
    if (range === null || !transaction.docChanged) return range
    const { changes } = transaction
    // As a cursor, a place stays before what is written there: the assistant's first words may come while the form is
    // still open, and the cursor is put back to this place when it closes.
    const from = changes.mapPos(range.from, range.from === range.to ? -1 : 1)
    return { ...range, from, to: Math.max(from, changes.mapPos(range.to, -1)) }
  },
})

function drawAsk(state: EditorState, widget: FormPlace): DecorationSet {
  const range = state.field(askRange)
  if (range === null) return Decoration.none
  return Decoration.set(Decoration.widget({ widget, block: true, side: -1 }).range(state.doc.lineAt(range.from).from))
}

export const ask: StateCommand = ({ state, dispatch }) => {
  if (state.readOnly) return false
  const { from, to } = state.selection.main
  dispatch(state.update({ effects: openAsk.of({ from, to }) }))
  return true
}

/** By its key, which says why where nobody may ask. */
export const askOrRefuse: Command = (view) => ask(view) || refuse(view, 'The assistant was not asked')

/** Names of recipes that one click runs on a selection. */
export const setTipRecipes = StateEffect.define<readonly string[]>()

const tipRecipes = StateField.define<readonly string[]>({
  create: () => [],
  update: (names, { effects }) => effects.find((effect) => effect.is(setTipRecipes))?.value ?? names,
})

function createTip(view: EditorView): TooltipView {
  const dom = document.createElement('div')
  dom.className = 'ask-tip'
  const button = dom.appendChild(document.createElement('button'))
  button.type = 'button'
  button.title = 'Ask the assistant about the selected text'
  const sign = button.appendChild(document.createElement('span'))
  sign.className = 'ask-sign'
  sign.textContent = '✳'
  sign.ariaHidden = 'true'
  button.append('Ask the assistant')
  const key = button.appendChild(document.createElement('kbd'))
  key.textContent = writtenKey('ask')
  key.ariaHidden = 'true'
  button.addEventListener('mousedown', (event) => event.preventDefault())
  button.addEventListener('click', () => ask(view))
  for (const recipe of view.state.field(tipRecipes)) dom.append(recipeButton(view, recipe))
  for (const action of view.state.facet(tipActions)) dom.append(actionButton(view, action))
  return { dom }
}

function recipeButton(view: EditorView, recipe: string): HTMLElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'ask-tip-recipe'
  button.textContent = recipe
  button.addEventListener('mousedown', (event) => event.preventDefault())
  button.addEventListener('click', () => {
    const { from, to } = view.state.selection.main
    view.dispatch({ effects: openAsk.of({ from, to, recipe }) })
  })
  return button
}

function actionButton(view: EditorView, { label, title, keys, run }: TipAction): HTMLElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'ask-tip-action'
  button.title = `${title} (${keys})`
  button.textContent = label
  button.addEventListener('mousedown', (event) => event.preventDefault())
  button.addEventListener('click', () => void run(view))
  return button
}

/** A small button at the end of a selection, for those who do not know the key, and for phones. */
function askButton(state: EditorState): Tooltip | null {
  const { main } = state.selection
  if (main.empty || state.readOnly || state.field(askRange) !== null) return null
  return { pos: main.head, above: main.head <= main.anchor, create: createTip }
}

const tip = StateField.define<Tooltip | null>({
  create: askButton,
  update(shown, transaction) {
    const changed =
      transaction.docChanged ||
      transaction.selection !== undefined ||
      transaction.effects.length > 0 ||
      transaction.reconfigured
    return changed ? askButton(transaction.state) : shown
  },
  provide: (field) => showTooltip.from(field),
})

export function askLayer(place: PlaceForm) {
  const widget = new FormPlace(place)
  return [
    askRange,
    EditorView.decorations.compute([askRange, 'doc'], (state) => drawAsk(state, widget)),
    // The selection keeps the colour of one that is being worked on, though the focus is in the form.
    EditorView.editorAttributes.compute([askRange], (state) => ({
      class: state.field(askRange) === null ? '' : 'cm-asking',
    })),
    tipRecipes,
    tip,
    Prec.high(keymap.of(bindings({ ask: askOrRefuse }, true))),
  ]
}
