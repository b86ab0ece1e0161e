import { CodeMirror, getCM, Vim, vim } from '@replit/codemirror-vim'
import { type Extension, Prec } from '@codemirror/state'
import { EditorView, ViewPlugin } from '@codemirror/view'
import { type ActionId, keysOf } from '../../actions/catalogue'
import { registry } from '../../actions/registry'
import { askOrRefuse } from '../../assistant/ask'
import { isPressed } from '../../lib/keys'
import { saving, shared } from '../shared'
import { modeField, onMode, setMode } from './mode'

type Cm = NonNullable<ReturnType<typeof getCM>>

/** Vim's own history would take back what others wrote. The cursor goes where the text has changed, as in Vim. */
function travel(cm: Cm, way: 'undo' | 'redo'): void {
  const operation = cm.curOp as { $changeStart?: number | undefined } | null
  if (operation) operation.$changeStart = undefined
  cm.cm6.state.facet(shared)?.undo[way]()
  const changed = operation?.$changeStart
  if (changed !== undefined) cm.cm6.dispatch({ selection: { anchor: changed } })
}

function tell(cm: Cm, words: string): void {
  const note = document.createElement('span')
  note.className = 'vim-note'
  note.textContent = words
  cm.openNotification(note, { bottom: true, duration: 4_000 })
  cm.cm6.dispatch({ effects: EditorView.announce.of(words) })
}

function saved(cm: Cm): void {
  const text = cm.cm6.state.facet(shared)
  if (text === null) return
  tell(cm, text.saved())
  const again = () => (cm.cm6.dom.isConnected ? tell(cm, text.saved()) : undefined)
  if (text.saved() === saving) void text.whenSaved().then(again, () => undefined)
}

/** A text is saved by itself, so that leaving it is closing its tab. */
const leave = (cm: Cm) => {
  if (!act('tabs.close')) tell(cm, 'The text is saved by itself and stays open.')
}

/** Once Vim is done with its command: the text may be gone afterwards. */
function act(id: ActionId): boolean {
  setTimeout(() => registry.run(id))
  return registry.has(id)
}

// Vim is one for the whole page, so that this is done once.
CodeMirror.commands.undo = (cm: Cm) => travel(cm, 'undo')
CodeMirror.commands.redo = (cm: Cm) => travel(cm, 'redo')
Vim.defineEx('undo', 'u', (cm: Cm) => travel(cm, 'undo'))
Vim.defineEx('redo', 'red', (cm: Cm) => travel(cm, 'redo'))
for (const [name, short] of [
  ['write', 'w'],
  ['wall', 'wa'],
  ['update', 'up'],
] as const) {
  Vim.defineEx(name, short, saved)
}
for (const [name, short] of [
  ['quit', 'q'],
  ['wq', 'wq'],
  ['xit', 'x'],
] as const) {
  Vim.defineEx(name, short, leave)
}
const tabCommands = [
  ['qall', 'qa', 'tabs.closeAll'],
  ['wqall', 'wqa', 'tabs.closeAll'],
  ['xall', 'xa', 'tabs.closeAll'],
  ['only', 'on', 'tabs.join'],
  ['split', 'sp', 'tabs.split'],
  ['vsplit', 'vs', 'tabs.split'],
  ['tabnext', 'tabn', 'tabs.next'],
  ['tabprevious', 'tabp', 'tabs.previous'],
  ['edit', 'e', 'go.file'],
] as const
for (const [name, short, id] of tabCommands) Vim.defineEx(name, short, () => void act(id))
for (const [keys, id] of [
  ['gt', 'tabs.next'],
  ['gT', 'tabs.previous'],
  ['<C-w>w', 'tabs.otherHalf'],
  ['<C-w>v', 'tabs.split'],
  ['<C-w>o', 'tabs.join'],
] as const) {
  Vim.defineAction(id, () => void act(id))
  Vim.mapCommand(keys, 'action', id, {}, { context: 'normal' })
}

/** Tells the editor of Vim's mode. A command is a step for undoing, and so is all that is written until Esc. */
const watching = ViewPlugin.define((view) => {
  const cm = getCM(view)
  const undo = view.state.facet(shared)?.undo
  const patience = undo?.captureTimeout
  if (undo !== undefined) undo.captureTimeout = Infinity
  const onCommand = () => {
    if (cm?.state.vim?.insertMode !== true) undo?.stopCapturing()
  }
  const onModeChange = ({ mode, subMode }: { mode: string; subMode?: string }) => {
    undo?.stopCapturing()
    const whole = subMode === undefined ? mode : `${mode} ${subMode === 'linewise' ? 'line' : 'block'}`
    // Not within an update of the editor, which a change of the mode may come in.
    queueMicrotask(() => view.dispatch({ effects: setMode.of(whole) }))
  }
  const onDialog = () => {
    const dialog = cm?.state.dialog
    const sign = dialog?.textContent.trim().charAt(0) ?? ''
    const input = dialog?.querySelector('input')
    if (input) input.ariaLabel = sign === '/' || sign === '?' ? 'Search of Vim' : 'Command of Vim'
  }
  cm?.on('dialog', onDialog)
  cm?.on('vim-mode-change', onModeChange)
  cm?.on('vim-command-done', onCommand)
  return {
    update({ startState, state }) {
      const mode = state.field(modeField)
      if (mode !== startState.field(modeField)) for (const hear of state.facet(onMode)) hear(mode)
    },
    destroy() {
      cm?.off('dialog', onDialog)
      cm?.off('vim-mode-change', onModeChange)
      cm?.off('vim-command-done', onCommand)
      if (undo !== undefined && patience !== undefined) undo.captureTimeout = patience
    },
  }
})

/** Asking the assistant keeps its key; all others that Vim has are Vim's. */
const asking = EditorView.domEventHandlers({
  keydown: (event, view) => keysOf('ask').some((key) => isPressed(key, event)) && askOrRefuse(view),
})

export const keys: Extension = [Prec.highest(asking), Prec.highest([modeField, vim(), watching])]
