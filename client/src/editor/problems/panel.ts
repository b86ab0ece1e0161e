import { forEachDiagnostic, setDiagnosticsEffect } from '@codemirror/lint'
import { EditorSelection, type Extension, StateEffect, StateField } from '@codemirror/state'
import { type Command, EditorView, type Panel, showPanel } from '@codemirror/view'

/*
 * Not the panel of @codemirror/lint: its options hold buttons, which a screen reader cannot reach, and it tells neither
 * the line nor the severity in words.
 */

const toggle = StateEffect.define<boolean>()

const words: Readonly<Record<string, string>> = { error: 'Error', warning: 'Warning' }

function button(className: string, label: string, run: () => void): HTMLButtonElement {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = className
  made.textContent = label
  made.addEventListener('click', run)
  return made
}

class ProblemPanel implements Panel {
  readonly dom = document.createElement('section')
  private readonly list = document.createElement('ul')
  private readonly close: HTMLButtonElement

  constructor(private readonly view: EditorView) {
    this.dom.className = 'problem-panel'
    this.dom.ariaLabel = 'Problems'
    this.close = button('problem-close', '×', () => this.leave())
    this.close.ariaLabel = 'Close the problems'
    this.dom.append(this.list, this.close)
    this.dom.addEventListener('keydown', this.onKey)
    this.draw()
  }

  mount(): void {
    const { head } = this.view.state.selection.main
    const rows = this.rows()
    const here = rows.find(({ dataset }) => Number(dataset.to) >= head)
    ;(here ?? rows[0] ?? this.close).focus()
  }

  update({
    transactions,
    docChanged,
  }: {
    transactions: readonly { effects: readonly StateEffect<unknown>[] }[]
    docChanged: boolean
  }): void {
    const found = transactions.some(({ effects }) => effects.some((effect) => effect.is(setDiagnosticsEffect)))
    if (found || docChanged) this.draw()
  }

  private rows(): HTMLButtonElement[] {
    return [...this.list.querySelectorAll<HTMLButtonElement>('.problem-row')]
  }

  private draw(): void {
    const { activeElement } = document
    const nth = this.list.contains(activeElement)
      ? this.rows().findIndex((row) => row.parentElement?.contains(activeElement))
      : -1
    const items: HTMLLIElement[] = []
    forEachDiagnostic(this.view.state, ({ severity, message, source, actions = [] }, from, to) => {
      const item = document.createElement('li')
      const line = this.view.state.doc.lineAt(from).number
      const row = button('problem-row', '', () => this.goTo(from, to))
      row.dataset.to = String(to)
      row.dataset.severity = severity
      const kind = document.createElement('b')
      kind.textContent = words[severity] ?? 'Hint'
      const where = document.createElement('small')
      where.textContent = `line ${line}, ${source ?? ''}`
      row.append(kind, ` ${message} `, where)
      item.append(row)
      for (const { name, apply } of actions) item.append(button('problem-fix', name, () => apply(this.view, from, to)))
      items.push(item)
    })
    if (items.length === 0) {
      const none = document.createElement('li')
      none.className = 'problem-none'
      none.textContent = 'No problems'
      items.push(none)
    }
    this.list.replaceChildren(...items)
    if (nth >= 0) (this.rows()[Math.min(nth, items.length - 1)] ?? this.close).focus()
  }

  private goTo(from: number, to: number): void {
    const effects = EditorView.scrollIntoView(from, { y: 'center' })
    this.view.dispatch({ selection: EditorSelection.single(from, to), effects })
    this.view.focus()
  }

  private leave(): void {
    this.view.dispatch({ effects: toggle.of(false) })
    this.view.focus()
  }

  private readonly onKey = (event: KeyboardEvent) => {
    const rows = this.rows()
    const at = rows.findIndex((row) => row === document.activeElement)
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key]
    if (event.key === 'Escape') this.leave()
    else if (next === undefined) return
    else rows[next]?.focus()
    event.preventDefault()
  }
}

const isOpen = StateField.define<boolean>({
  create: () => false,
  update: (open, { effects }) => effects.find((effect) => effect.is(toggle))?.value ?? open,
  provide: (field) => showPanel.from(field, (open) => (open ? (view) => new ProblemPanel(view) : null)),
})

export const problemPanel: Extension = isOpen

/** Opens the list, with the keyboard in it; closes it when it has the keyboard already. */
export const listProblems: Command = (view) => {
  const panel = view.dom.querySelector('.problem-panel')
  if (panel !== null) view.dispatch({ effects: toggle.of(false) })
  if (panel?.contains(document.activeElement) === true) view.focus()
  else view.dispatch({ effects: toggle.of(true) })
  return true
}
