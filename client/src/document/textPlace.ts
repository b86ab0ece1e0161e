import { foldedRanges, foldEffect } from '@codemirror/language'
import { EditorSelection } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import * as Y from 'yjs'

/** A range of a text that moves along with it, and where it was for a text that does not know its pieces any more. */
interface Held {
  readonly from: Y.RelativePosition
  readonly to: Y.RelativePosition
  readonly at: readonly [from: number, to: number]
}

/** Where somebody was in a text: cursors, folds, and what was on the screen. */
export interface TextPlace {
  readonly ranges: readonly Held[]
  readonly main: number
  readonly folds: readonly Held[]
  /** The first line on the screen, and how many pixels below its edge; less than none for a line that is cut off. */
  readonly top: Held
  readonly below: number
}

function hold(text: Y.Text, from: number, to: number): Held {
  const relative = (at: number) => Y.createRelativePositionFromTypeIndex(text, Math.min(at, text.length))
  return { from: relative(from), to: relative(to), at: [from, to] }
}

function find(text: Y.Text, { from, to, at }: Held, length: number): [from: number, to: number] {
  const place = (position: Y.RelativePosition, otherwise: number) => {
    const found = text.doc && Y.createAbsolutePositionFromRelativePosition(position, text.doc)
    return Math.min(found?.index ?? otherwise, length)
  }
  return [place(from, at[0]), place(to, at[1])]
}

/** Where `view` is now. It has to be on the page. */
export function placeOf(view: EditorView, text: Y.Text): TextPlace {
  const { selection } = view.state
  const folds: Held[] = []
  foldedRanges(view.state).between(0, view.state.doc.length, (from, to) => void folds.push(hold(text, from, to)))
  const { scrollDOM } = view
  // Lines are measured from where the text begins, below the space above it.
  const first = view.lineBlockAtHeight(scrollDOM.scrollTop - view.documentPadding.top)
  const edge = scrollDOM.getBoundingClientRect().top
  // As CodeMirror measures when it scrolls there: by the letters, not by the line around them.
  const letters = view.coordsAtPos(first.from)?.top ?? edge
  return {
    ranges: selection.ranges.map(({ anchor, head }) => hold(text, anchor, head)),
    main: selection.mainIndex,
    folds,
    top: hold(text, first.from, first.from),
    below: letters - edge,
  }
}

/** Scrolls to what was on the screen there. */
export function showPlace(view: EditorView, text: Y.Text, { top, below }: TextPlace): void {
  const [first] = find(text, top, view.state.doc.length)
  // From the very top one goes nowhere, and sees what is new there.
  if (first === 0 && below >= 0) return
  view.dispatch({ effects: EditorView.scrollIntoView(first, { y: 'start', yMargin: below, x: 'nearest' }) })
}

/** Takes a new view to where somebody was. */
export function goToPlace(view: EditorView, text: Y.Text, place: TextPlace): void {
  const { length } = view.state.doc
  const ranges = place.ranges.map((one) => EditorSelection.range(...find(text, one, length)))
  const folds = place.folds.map((one) => find(text, one, length)).filter(([from, to]) => from < to)
  const effects = folds.map(([from, to]) => foldEffect.of({ from, to }))
  view.dispatch({ selection: EditorSelection.create(ranges, place.main), effects })
  showPlace(view, text, place)
}
