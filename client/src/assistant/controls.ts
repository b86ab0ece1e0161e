import { canUndo } from './summary'
import type { EditorView } from '@codemirror/view'
import { writtenKey } from '../actions/catalogue'
import { reviewHandlers } from './handlers'
import { hunkInWords } from './hunkInWords'
import { type Noted, notesInWords } from './noteGroups'
import type { PlacedHunk } from './placement'

interface ControlOptions {
  className: string
  text: string
  label: string
  title?: string
  onPress: () => void
}

function control({ className, text, label, title, onPress }: ControlOptions): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = `hunk-button ${className}`
  button.textContent = text
  button.ariaLabel = label
  if (title !== undefined) button.title = title
  // The text keeps the focus, so that one can go on writing after a click.
  button.addEventListener('mousedown', (event) => event.preventDefault())
  button.addEventListener('click', (event) => {
    event.preventDefault()
    onPress()
  })
  return button
}

/** The buttons of a pending hunk. `words`: with their names beside the signs, where there is room. */
export function decisionControls(view: EditorView, placed: PlacedHunk, words: boolean): HTMLElement {
  const box = document.createElement('span')
  box.className = 'hunk-controls'
  const handlers = view.state.facet(reviewHandlers)
  if (!handlers.canDecide) return box
  const decide = (decision: 'accept' | 'reject') => () =>
    view.state.facet(reviewHandlers).decide(placed.suggestion, [placed.hunk], decision)
  const [yes, no] = placed.mode === 'write' ? ['Keep', 'Undo'] : ['Accept', 'Reject']
  const what = hunkInWords(placed)
  box.append(
    control({
      className: 'hunk-yes',
      text: words ? `✓ ${yes}` : '✓',
      label: `${yes}: ${what}`,
      title: `${yes} (${writtenKey('review.accept')})`,
      onPress: decide('accept'),
    }),
    control({
      className: 'hunk-no',
      text: words ? `✕ ${no}` : '✕',
      label: `${no}: ${what}`,
      title: `${no} (${writtenKey('review.reject')})`,
      onPress: decide('reject'),
    }),
  )
  return box
}

export function staleControls(view: EditorView, placed: PlacedHunk): HTMLElement {
  const box = document.createElement('span')
  box.className = 'hunk-note hunk-note-stale'
  box.append('The text here changed, so this proposal no longer fits. ')
  if (!view.state.facet(reviewHandlers).canDecide) return box
  box.append(
    control({
      className: 'hunk-link',
      text: 'Ask again',
      label: 'Ask the assistant again',
      onPress: () => view.state.facet(reviewHandlers).askAgain(placed.suggestion),
    }),
    control({
      className: 'hunk-link',
      text: 'Hide',
      label: 'Hide this proposal',
      onPress: () => view.state.facet(reviewHandlers).dismiss(placed),
    }),
  )
  return box
}

const isUndoable = (view: EditorView, { mode, note }: PlacedHunk) =>
  note !== null && canUndo(mode, note.state) && view.state.facet(reviewHandlers).canDecide

function undoLink(view: EditorView, placed: PlacedHunk): HTMLElement {
  return control({
    className: 'hunk-link',
    text: 'Undo',
    label: `Undo: ${hunkInWords(placed)}, ${notesInWords(placed.note === null ? [] : [placed.note])}`,
    onPress: () => view.state.facet(reviewHandlers).decide(placed.suggestion, [placed.hunk], 'undo'),
  })
}

/** For hunks of one suggestion. */
function undoAllLink(view: EditorView, hunks: readonly PlacedHunk[]): HTMLElement {
  const ids = hunks.map(({ hunk }) => hunk)
  return control({
    className: 'hunk-link',
    text: 'Undo all',
    label: `Undo all ${ids.length} decisions here`,
    onPress: () => view.state.facet(reviewHandlers).decide(hunks[0]?.suggestion ?? '', ids, 'undo'),
  })
}

const notesOf = (hunks: readonly PlacedHunk[]) => hunks.flatMap(({ note }) => note ?? [])

export function noteControls(view: EditorView, placed: PlacedHunk): HTMLElement {
  const box = document.createElement('span')
  box.className = 'hunk-note'
  box.append(notesInWords(notesOf([placed])))
  if (isUndoable(view, placed)) box.append(' · ', undoLink(view, placed))
  return box
}

/** Several decisions in one note; `onToggle` shows each of them below, or no longer. */
export function groupControls(
  view: EditorView,
  notes: readonly Noted[],
  unfolded: boolean,
  onToggle: () => void,
): HTMLElement {
  const hunks = notes.map(({ placed }) => placed)
  const box = document.createElement('span')
  box.className = 'hunk-note'
  box.append(notesInWords(notesOf(hunks)))
  const undoable = hunks.filter((placed) => isUndoable(view, placed))
  const [first, ...others] = undoable
  if (first !== undefined) box.append(' · ', others.length === 0 ? undoLink(view, first) : undoAllLink(view, undoable))
  const toggle = control({
    className: 'hunk-link hunk-fold',
    text: unfolded ? 'Hide each' : 'Show each',
    label: unfolded ? 'Hide each decision' : 'Show each decision',
    onPress: onToggle,
  })
  toggle.ariaExpanded = String(unfolded)
  box.append(' · ', toggle)
  return box
}

/** The decisions of a note that is unfolded, one by one. */
export function noteList(view: EditorView, notes: readonly Noted[]): HTMLElement {
  const list = document.createElement('ul')
  list.className = 'hunk-notes'
  list.ariaLabel = 'Decisions'
  for (const { placed, line } of notes) {
    const row = list.appendChild(document.createElement('li'))
    row.append(`Line ${line}: ${hunkInWords(placed)}, ${notesInWords(notesOf([placed]))}`)
    if (isUndoable(view, placed)) row.append(' · ', undoLink(view, placed))
  }
  return list
}
