import { isMac, type Key, written } from '../lib/keys'

/**
 * Every action of the product: what it is called, and the key it has. A key is defined here and nowhere else, or it is
 * one of CodeMirror's own, which a test compares with CodeMirror. What an action does, and whether it can be done now,
 * is said by whoever offers it: see registry.ts.
 */

/** In the order in which they are listed. */
export const groups = ['Go', 'Show', 'Tabs', 'Files', 'Assistant', 'Text', 'Workspace'] as const

export type Group = (typeof groups)[number]

export interface Entry {
  readonly group: Group
  readonly title: string
  readonly keys?: readonly Key[]
  /** Where a Mac has others. */
  readonly mac?: readonly Key[]
  /**
   * Who listens to the keys: the page wherever the focus is; the text, while it has the focus; or whatever is named,
   * only while that is there. Without it, the page.
   */
  readonly within?: 'text' | 'files' | 'grey text'
  /** Other words by which somebody may look for it. */
  readonly also?: string
}

const catalogue = {
  'go.file': { group: 'Go', title: 'Open a file by its name', keys: ['Mod-p'], also: 'quick open search find' },
  'go.find': { group: 'Go', title: 'Find in files', keys: ['Mod-Shift-f'], also: 'search replace everywhere' },
  'go.actions': {
    group: 'Go',
    title: 'All commands',
    keys: ['Mod-Shift-p', 'F1'],
    also: 'command palette actions',
  },
  'go.keys': { group: 'Go', title: 'Keyboard shortcuts', keys: ['Shift-F1'], also: 'help keys' },
  'go.start': { group: 'Go', title: 'First page of this workspace', also: 'home close the file' },
  'go.home': { group: 'Go', title: 'All workspaces', also: 'home switch' },
  'go.figures': { group: 'Go', title: 'Figures of the assistant', also: 'usage cost budget statistics' },

  'show.files': { group: 'Show', title: 'Show or hide the files', keys: ['Mod-b'], also: 'tree sidebar' },
  'show.chat': { group: 'Show', title: 'Show or hide the conversations', keys: ['Mod-j'], also: 'chat' },
  'show.comments': { group: 'Show', title: 'Show or hide the comments', also: 'threads review' },
  'show.history': {
    group: 'Show',
    title: 'Show or hide the history of this text',
    keys: ['Alt-Shift-h'],
    also: 'versions restore time',
  },
  'show.authors': {
    group: 'Show',
    title: 'Show or hide who wrote which line',
    keys: ['Alt-Shift-w'],
    also: 'blame authors attribution',
  },
  'show.notices': {
    group: 'Show',
    title: 'Show or hide what the assistant has noticed',
    keys: ['Alt-Shift-b'],
    also: 'notices bell notifications',
  },
  'show.people': { group: 'Show', title: 'Show or hide the people', also: 'members' },
  'show.text': { group: 'Show', title: 'Text only', also: 'preview markdown' },
  'show.both': { group: 'Show', title: 'Text and preview side by side', also: 'markdown' },
  'show.preview': { group: 'Show', title: 'Preview only', also: 'markdown' },
  'show.larger': { group: 'Show', title: 'Larger', also: 'zoom in image pdf' },
  'show.smaller': { group: 'Show', title: 'Smaller', also: 'zoom out image pdf' },
  'show.fit': { group: 'Show', title: 'Fit into the window', also: 'zoom image pdf width' },
  'show.actual': { group: 'Show', title: 'Actual size', also: 'zoom image pdf 100' },
  'show.system': { group: 'Show', title: 'Light or dark as the system', also: 'theme appearance' },
  'show.light': { group: 'Show', title: 'Light theme', also: 'appearance bright' },
  'show.dark': { group: 'Show', title: 'Dark theme', also: 'appearance night' },
  'show.colors': { group: 'Show', title: 'Colours of code…', also: 'theme highlighting syntax scheme' },

  'tabs.next': { group: 'Tabs', title: 'Next tab', keys: ['Alt-PageDown'], also: 'switch file right' },
  'tabs.previous': { group: 'Tabs', title: 'Previous tab', keys: ['Alt-PageUp'], also: 'switch file left' },
  'tabs.close': { group: 'Tabs', title: 'Close the tab', keys: ['Alt-w'], also: 'file' },
  'tabs.closeOthers': { group: 'Tabs', title: 'Close the other tabs' },
  'tabs.closeRight': { group: 'Tabs', title: 'Close the tabs to the right' },
  'tabs.closeAll': { group: 'Tabs', title: 'Close all tabs', also: 'half' },
  'tabs.reopen': { group: 'Tabs', title: 'Reopen the tab closed last', keys: ['Alt-Shift-r'], also: 'undo restore' },
  'tabs.keep': { group: 'Tabs', title: 'Keep the tab', also: 'preview pin stay' },
  'tabs.moveRight': { group: 'Tabs', title: 'Move the tab to the right', keys: ['Alt-Shift-PageDown'] },
  'tabs.moveLeft': { group: 'Tabs', title: 'Move the tab to the left', keys: ['Alt-Shift-PageUp'] },
  'tabs.split': {
    group: 'Tabs',
    title: 'Split: this file beside itself',
    keys: ['Mod-\\'],
    also: 'two halves side by side editor group',
  },
  'tabs.moveAcross': { group: 'Tabs', title: 'Move the tab to the other half', also: 'split side editor group' },
  'tabs.otherHalf': { group: 'Tabs', title: 'Go to the other half', keys: ['Mod-F6'], also: 'split focus side' },
  'tabs.join': { group: 'Tabs', title: 'One half again', also: 'split join unsplit merge' },

  'files.new': { group: 'Files', title: 'New file', also: 'create page' },
  'files.newFolder': { group: 'Files', title: 'New folder', also: 'create directory' },
  'files.write': { group: 'Files', title: 'Have files written', also: 'assistant generate create' },
  'files.upload': { group: 'Files', title: 'Upload files…', also: 'import zip' },
  'files.uploadFolder': { group: 'Files', title: 'Upload a folder…', also: 'import directory' },
  'files.beside': {
    group: 'Files',
    title: 'Open to the side',
    keys: ['Mod-Enter'],
    within: 'files',
    also: 'split other half beside',
  },
  'files.rename': { group: 'Files', title: 'Rename', keys: ['F2'], within: 'files' },
  'files.move': { group: 'Files', title: 'Move to another folder…', also: 'drag' },
  'files.remove': { group: 'Files', title: 'Delete…', keys: ['Delete'], within: 'files', also: 'move to trash remove' },
  'files.trash': { group: 'Files', title: 'Trash…', also: 'deleted restore put back' },
  'files.copyPath': { group: 'Files', title: 'Copy the path of this file' },
  'files.download': { group: 'Files', title: 'Download this file', also: 'save export' },

  ask: { group: 'Assistant', title: 'Ask the assistant here', keys: ['Mod-k'], within: 'text', also: 'edit write' },
  'review.accept': { group: 'Assistant', title: 'Accept the nearest change', keys: ['Alt-y'], within: 'text' },
  'review.reject': { group: 'Assistant', title: 'Reject the nearest change', keys: ['Alt-n'], within: 'text' },
  'review.acceptAll': {
    group: 'Assistant',
    title: 'Accept the whole proposal',
    keys: ['Shift-Alt-y'],
    within: 'text',
    also: 'all changes',
  },
  'review.rejectAll': {
    group: 'Assistant',
    title: 'Reject the whole proposal',
    keys: ['Shift-Alt-n'],
    within: 'text',
    also: 'all changes',
  },
  'review.undo': {
    group: 'Assistant',
    title: 'Undo the nearest decision',
    keys: ['Alt-u'],
    within: 'text',
    also: 'accepted rejected take back',
  },
  'review.next': { group: 'Assistant', title: 'Next change', keys: ['F8'], within: 'text' },
  'review.previous': { group: 'Assistant', title: 'Previous change', keys: ['Shift-F8'], within: 'text' },
  'ghost.take': { group: 'Assistant', title: 'Take the grey text', keys: ['Tab'], within: 'grey text' },
  'ghost.word': { group: 'Assistant', title: 'Take a word of it', keys: ['Mod-ArrowRight'], within: 'grey text' },
  'ghost.line': { group: 'Assistant', title: 'Take a line of it', keys: ['End'], within: 'grey text' },
  'ghost.none': { group: 'Assistant', title: 'Take none of it', keys: ['Escape'], within: 'grey text' },
  'ghost.on': { group: 'Assistant', title: 'Suggest while I type', also: 'completions grey text on' },
  'ghost.off': { group: 'Assistant', title: 'Suggest nothing while I type', also: 'completions grey text off' },
  'assistant.knowledge': {
    group: 'Assistant',
    title: 'Bring KNOWLEDGE.md up to date',
    also: 'glossary decisions open questions summary wiki',
  },
  'chat.new': { group: 'Assistant', title: 'New conversation', also: 'chat ask question' },
  'chat.list': { group: 'Assistant', title: 'All conversations', also: 'chat history search' },
  'chat.rename': { group: 'Assistant', title: 'Rename this conversation…', also: 'chat' },
  'chat.remove': { group: 'Assistant', title: 'Delete this conversation…', also: 'chat remove' },

  comment: {
    group: 'Text',
    title: 'Comment on this piece of the text',
    keys: ['Mod-Alt-m'],
    within: 'text',
    also: 'thread remark review',
  },
  'text.undo': { group: 'Text', title: 'Undo', keys: ['Mod-z'], within: 'text' },
  'text.redo': { group: 'Text', title: 'Redo', keys: ['Mod-y'], mac: ['Mod-Shift-z'], within: 'text' },
  'text.find': {
    group: 'Text',
    title: 'Find and replace in the text',
    keys: ['Mod-f'],
    within: 'text',
    also: 'search',
  },
  'text.findNext': { group: 'Text', title: 'Find the next one', keys: ['F3', 'Mod-g'], within: 'text' },
  'text.findPrevious': {
    group: 'Text',
    title: 'Find the previous one',
    keys: ['Shift-F3', 'Shift-Mod-g'],
    within: 'text',
  },
  'text.line': { group: 'Text', title: 'Go to a line', keys: ['Mod-Alt-g'], within: 'text', also: 'number jump' },
  'text.bracket': { group: 'Text', title: 'Go to the matching bracket', keys: ['Shift-Mod-\\'], within: 'text' },
  'text.nextSame': {
    group: 'Text',
    title: 'Select the next like this one',
    keys: ['Mod-d'],
    within: 'text',
    also: 'occurrence multiple cursors',
  },
  'text.allSame': {
    group: 'Text',
    title: 'Select all like this one',
    keys: ['Mod-Shift-l'],
    within: 'text',
    also: 'occurrences multiple cursors',
  },
  'text.cursorAbove': {
    group: 'Text',
    title: 'One more cursor above',
    keys: ['Mod-Alt-ArrowUp'],
    within: 'text',
    also: 'multiple cursors',
  },
  'text.cursorBelow': {
    group: 'Text',
    title: 'One more cursor below',
    keys: ['Mod-Alt-ArrowDown'],
    within: 'text',
    also: 'multiple cursors',
  },
  'text.selectLine': { group: 'Text', title: 'Select the line', keys: ['Alt-l'], mac: ['Ctrl-l'], within: 'text' },
  'text.selectAround': { group: 'Text', title: 'Select what is around', keys: ['Mod-i'], within: 'text' },
  'text.fold': { group: 'Text', title: 'Fold', keys: ['Ctrl-Shift-['], mac: ['Cmd-Alt-['], within: 'text' },
  'text.unfold': { group: 'Text', title: 'Unfold', keys: ['Ctrl-Shift-]'], mac: ['Cmd-Alt-]'], within: 'text' },
  'text.foldAll': { group: 'Text', title: 'Fold all', keys: ['Ctrl-Alt-['], within: 'text' },
  'text.unfoldAll': { group: 'Text', title: 'Unfold all', keys: ['Ctrl-Alt-]'], within: 'text' },
  'text.wrap': {
    group: 'Text',
    title: 'Wrap long lines, or let them run on',
    keys: ['Alt-z'],
    within: 'text',
    also: 'word wrap soft',
  },
  'text.complete': { group: 'Text', title: 'Complete the word', keys: ['Ctrl-Space'], within: 'text' },
  'text.comment': { group: 'Text', title: 'Comment the lines out, or in', keys: ['Mod-/'], within: 'text' },
  'text.indent': { group: 'Text', title: 'Indent', keys: ['Mod-]', 'Tab'], within: 'text' },
  'text.outdent': { group: 'Text', title: 'Indent less', keys: ['Mod-[', 'Shift-Tab'], within: 'text' },
  'text.moveUp': { group: 'Text', title: 'Move the lines up', keys: ['Alt-ArrowUp'], within: 'text' },
  'text.moveDown': { group: 'Text', title: 'Move the lines down', keys: ['Alt-ArrowDown'], within: 'text' },
  'text.copyUp': { group: 'Text', title: 'Copy the lines up', keys: ['Shift-Alt-ArrowUp'], within: 'text' },
  'text.copyDown': { group: 'Text', title: 'Copy the lines down', keys: ['Shift-Alt-ArrowDown'], within: 'text' },
  'text.deleteLine': { group: 'Text', title: 'Delete the lines', keys: ['Shift-Mod-k'], within: 'text' },
  'text.tab': {
    group: 'Text',
    title: 'Tab leaves the text, or indents again',
    keys: ['Ctrl-m'],
    mac: ['Shift-Alt-m'],
    within: 'text',
    also: 'focus accessibility',
  },

  'problems.list': {
    group: 'Text',
    title: 'List what is wrong in the text',
    keys: ['Mod-Shift-m'],
    within: 'text',
    also: 'problems errors warnings diagnostics lint',
  },
  'problems.next': {
    group: 'Text',
    title: 'Next problem',
    keys: ['Alt-F8'],
    within: 'text',
    also: 'error warning diagnostic lint',
  },
  'problems.previous': {
    group: 'Text',
    title: 'Previous problem',
    keys: ['Shift-Alt-F8'],
    within: 'text',
    also: 'error warning diagnostic lint',
  },
  'problems.fix': {
    group: 'Text',
    title: 'Mend the problem here',
    keys: ['Mod-.'],
    within: 'text',
    also: 'quick fix error warning lint',
  },
  'keys.plain': { group: 'Text', title: 'Usual keys in the text', also: 'keyboard vim emacs off' },
  'keys.vim': { group: 'Text', title: 'Keys of Vim in the text', also: 'keyboard vi modal' },
  'keys.emacs': { group: 'Text', title: 'Keys of Emacs in the text', also: 'keyboard' },

  'workspace.settings': { group: 'Workspace', title: 'This workspace…', keys: ['Mod-,'], also: 'settings name budget' },
  'workspace.assistant': { group: 'Workspace', title: 'The assistant…', also: 'settings model recipes instructions' },
  'workspace.records': { group: 'Workspace', title: 'What is recorded…', also: 'feedback decisions' },
  'workspace.tokens': { group: 'Workspace', title: 'API tokens…', also: 'account scripts' },
  'workspace.invite': { group: 'Workspace', title: 'Invite somebody', also: 'people share link' },
  'workspace.export': { group: 'Workspace', title: 'Download everything as a zip', also: 'export backup' },
  'workspace.signOut': { group: 'Workspace', title: 'Sign out', also: 'log out leave' },
} as const satisfies Record<string, Entry>

export type ActionId = keyof typeof catalogue

export const actionIds = Object.keys(catalogue) as ActionId[]

export const entryOf = (id: ActionId): Entry => catalogue[id]

/** The keys of an action on this machine. */
export function keysOf(id: ActionId, mac = isMac): readonly Key[] {
  const { keys = [], mac: onMac } = entryOf(id)
  return mac ? (onMac ?? keys) : keys
}

/** The first key of an action, for what takes one. */
export function keyOf(id: ActionId): Key {
  const [key] = keysOf(id)
  if (key === undefined) throw new Error(`${id} has no key`)
  return key
}

/** How the key of an action is written for people. */
export const writtenKey = (id: ActionId): string => written(keyOf(id))
