import { startCompletion } from '@codemirror/autocomplete'
import {
  addCursorAbove,
  addCursorBelow,
  copyLineDown,
  copyLineUp,
  cursorMatchingBracket,
  deleteLine,
  indentLess,
  indentMore,
  moveLineDown,
  moveLineUp,
  selectLine,
  selectParentSyntax,
  toggleComment,
  toggleTabFocusMode,
} from '@codemirror/commands'
import { foldAll, foldCode, unfoldAll, unfoldCode } from '@codemirror/language'
import {
  findNext,
  findPrevious,
  gotoLine,
  openSearchPanel,
  selectNextOccurrence,
  selectSelectionMatches,
} from '@codemirror/search'
import type { Command } from '@codemirror/view'
import type { ActionId } from '../actions/catalogue'
import { problemCommands } from './problems/commands'
import { toggleWrapping } from './wrapping'

type Commands = Partial<Record<ActionId, Command>>

/** CodeMirror's commands for whoever reads. Their keys are those of the keymaps in setup.ts. */
export const readingCommands = {
  'text.find': openSearchPanel,
  'text.findNext': findNext,
  'text.findPrevious': findPrevious,
  'text.line': gotoLine,
  'text.bracket': cursorMatchingBracket,
  'text.nextSame': selectNextOccurrence,
  'text.allSame': selectSelectionMatches,
  'text.selectLine': selectLine,
  'text.selectAround': selectParentSyntax,
  'text.fold': foldCode,
  'text.unfold': unfoldCode,
  'text.foldAll': foldAll,
  'text.unfoldAll': unfoldAll,
  'text.tab': toggleTabFocusMode,
} satisfies Commands

/** Those for whoever may change the text. */
export const writingCommands = {
  'text.cursorAbove': addCursorAbove,
  'text.cursorBelow': addCursorBelow,
  'text.complete': startCompletion,
  'text.comment': toggleComment,
  'text.indent': indentMore,
  'text.outdent': indentLess,
  'text.moveUp': moveLineUp,
  'text.moveDown': moveLineDown,
  'text.copyUp': copyLineUp,
  'text.copyDown': copyLineDown,
  'text.deleteLine': deleteLine,
} satisfies Commands

/** What CodeMirror has no keys for, for whoever reads. */
export const ownCommands = { 'text.wrap': toggleWrapping, ...problemCommands } satisfies Commands
