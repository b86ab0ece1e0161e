import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { EditorState, type Extension } from '@codemirror/state'
import {
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  type KeyBinding,
  lineNumbers,
  rectangularSelection,
} from '@codemirror/view'
import { yUndoManagerKeymap } from 'y-codemirror.next'
import { isMac } from '../lib/keys'
import { bindings } from '../actions/bindings'
import { ownCommands } from './commands'
import { fileWords } from './fileWords'
import { keepReadOnly, replaceForbidden } from './forbidden'
import { inkHighlighting } from './highlight'
import { matchCount } from './matchCount'
import { problemCommands } from './problems/commands'

function foldMarker(open: boolean): HTMLElement {
  const marker = document.createElement('span')
  marker.className = 'cm-fold-marker'
  marker.textContent = open ? '⌄' : '›'
  marker.title = open ? 'Fold' : 'Unfold'
  return marker
}

/** In every language, beside what it offers of its own. */
const wordCompletion = EditorState.languageData.of(() => [{ autocomplete: fileWords }])

/** CodeMirror's own words, as the rest of the page writes them. */
const phrases = EditorState.phrases.of({
  next: 'Next',
  previous: 'Previous',
  all: 'Select all',
  replace: 'Replace',
  'replace all': 'Replace all',
  'match case': 'Match case',
  regexp: 'Regular expression',
  'by word': 'Whole words',
  close: 'Close',
  go: 'Go',
})

/** The keys of every text. Those that the product names for people are in actions/catalogue.ts as well. */
export const textKeys: readonly KeyBinding[] = [
  ...closeBracketsKeymap,
  ...yUndoManagerKeymap,
  ...searchKeymap,
  ...foldKeymap,
  ...completionKeymap,
  indentWithTab,
  ...defaultKeymap,
]

/** As in other editors, wherever there is no change of the assistant to go to. */
const problemKeys: readonly KeyBinding[] = [
  { key: 'F8', run: problemCommands['problems.next'], shift: problemCommands['problems.previous'] },
]

/** With Alt one click puts a further cursor, as in other editors; with Alt and Shift one draws a column. */
const oneMoreCursor = EditorView.clickAddsSelectionRange.of(
  ({ altKey, shiftKey, ctrlKey, metaKey }) => (altKey && !shiftKey) || (isMac ? metaKey : ctrlKey),
)

/** What every text has, whatever its language and whoever edits it. History belongs to Yjs, not to CodeMirror. */
export const basics: Extension = [
  lineNumbers(),
  foldGutter({ markerDOM: foldMarker }),
  highlightActiveLineGutter(),
  highlightActiveLine(),
  highlightSpecialChars(),
  highlightSelectionMatches({ highlightWordAroundCursor: false }),
  drawSelection(),
  dropCursor(),
  rectangularSelection({ eventFilter: ({ altKey, shiftKey }) => altKey && shiftKey }),
  EditorState.allowMultipleSelections.of(true),
  oneMoreCursor,
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  autocompletion({ activateOnTypingDelay: 250 }),
  wordCompletion,
  phrases,
  search({ top: true }),
  matchCount,
  inkHighlighting,
  replaceForbidden,
  keepReadOnly,
  keymap.of([...bindings(ownCommands), ...problemKeys]),
  keymap.of(textKeys),
]
