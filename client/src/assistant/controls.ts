import { canUndo } from './summary'
import type { EditorView } from '@codemirror/view'
import { writtenKey } from '../actions/catalogue'
import { reviewHandlers } from './handlers'
import { hunkInWords } from './hunkInWords'
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

const verbs: Record<string, string> = { accepted: 'accepted', rejected: 'rejected', undone: 'undone' }

export function noteControls(view: EditorView, placed: PlacedHunk): HTMLElement {
  const box = document.createElement('span')
  box.className = 'hunk-note'
  const { note } = placed
  if (note === null) return box
  box.append(`${verbs[note.state] ?? note.state} by ${note.by.name}`)
  if (!canUndo(placed.mode, note.state) || !view.state.facet(reviewHandlers).canDecide) return box
  box.append(
    ' · ',
    control({
      className: 'hunk-link',
      text: 'Undo',
      label: `Undo: ${verbs[note.state] ?? ''} by ${note.by.name}`,
      onPress: () => view.state.facet(reviewHandlers).decide(placed.suggestion, [placed.hunk], 'undo'),
    }),
  )
  return box
}
