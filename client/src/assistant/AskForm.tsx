import type { EditorView } from '@codemirror/view'
import { type SyntheticEvent, type KeyboardEvent, useEffect, useEffectEvent, useRef, useState } from 'react'
import { describe } from '../api/problem'
import type { Recipe } from '../api/types'
import type { DocumentSession } from '../document/session'
import { plural } from '../lib/format'
import { useSelected, useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import { askRange, closeAsk } from './ask'
import { AskScope } from './AskScope'
import { BudgetNote } from './BudgetNote'
import { OutageNote } from './OutageNote'
import { RecipeButtons } from './RecipeButtons'
import { filled, fits } from './recipes'
import { editRequest, type Scope } from './scope'

/** Milliseconds to wait for one's own last keys to reach the server before asking about them. */
const patience = 5_000

interface AskFormProps {
  view: EditorView
  session: DocumentSession
  path: string
}

function settled({ barriers, save }: DocumentSession): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      clearTimeout(timer)
      unsubscribe()
      finish()
    }
    const late = 'Your last edits have not reached the server yet. Try again in a moment.'
    const timer = setTimeout(() => end(() => reject(new Error(late))), patience)
    // Why, the form says by itself.
    const unsubscribe = save.subscribe(() => (save.get().connected ? undefined : end(() => reject(new Error('')))))
    void barriers.saved().then(() => end(resolve))
  })
}

/** The instruction for a piece of the text, or for a place in it, right where it is about. */
export function AskForm({ view, session, path }: AskFormProps) {
  const { api, assistant, chat, recipes: recipeStore } = useWorkspace()
  const status = useStore(assistant)
  const recipes = useStore(recipeStore)
  const [instruction, setInstruction] = useState('')
  const [recipe, setRecipe] = useState<Recipe | null>(null)
  const [words, setWords] = useState<Readonly<Record<string, string>>>({})
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const connected = useSelected(session.save, (state) => state.connected)
  const [scope, setScope] = useState<Scope>('here')
  const [chosen, setChosen] = useState<readonly string[]>([])

  const close = () => {
    view.dispatch({ effects: closeAsk.of(null) })
    view.focus()
  }

  /** The selection has done its work, and would lie over the colours of the proposal. */
  const closeAsked = () => {
    view.dispatch({ selection: { anchor: view.state.field(askRange)?.to ?? 0 } })
    close()
  }

  const send = async (kind: Recipe['kind'] | null, instruction: string) => {
    await settled(session)
    // Read after waiting: others may have moved the range meanwhile.
    const range = view.state.field(askRange)
    if (range === null) return
    const { from, to } = range
    if (kind === 'chat') {
      const selection = from === to ? undefined : { start: from, end: to }
      await chat.askAbout(instruction, path, selection)
    } else if (kind === 'write' || (from === to && scope === 'here')) await api.askWrite({ path, at: to, instruction })
    else await api.askEdit(editRequest(scope, instruction, { path, text: view.state.sliceDoc(), from, to }, chosen))
  }

  const ask = async (kind: Recipe['kind'] | null, instruction: string) => {
    if (busy || !connected || instruction === '') return
    setBusy(true)
    setProblem(null)
    try {
      await send(kind, instruction)
      // An answer in a conversation comes elsewhere, and so has the focus gone.
      if (kind === 'chat') view.dispatch({ effects: closeAsk.of(null) })
      else closeAsked()
    } catch (error) {
      const { title, detail } = describe(error)
      if (session.save.get().connected) setProblem(detail || title)
      setBusy(false)
    }
  }

  const isFilled = recipe === null || recipe.placeholders.every((name) => (words[name] ?? '').trim() !== '')
  const ready = recipe === null ? instruction.trim() !== '' : isFilled

  const submit = (event?: SyntheticEvent) => {
    event?.preventDefault()
    if (!ready) return
    if (recipe === null) void ask(null, instruction.trim())
    else void ask(recipe.kind, filled(recipe, words))
  }

  const choose = (recipe: Recipe) => {
    if (recipe.placeholders.length === 0) void ask(recipe.kind, recipe.instruction)
    else {
      setWords({})
      setRecipe(recipe)
    }
  }

  // Chosen beside the selection: the form does the rest, and is there to say what went wrong.
  const begun = useRef(false)
  const begin = useEffectEvent(() => {
    const wanted = view.state.field(askRange)?.recipe
    const found = recipes.find(({ name }) => name === wanted)
    if (found === undefined || begun.current) return
    begun.current = true
    choose(found)
  })
  useEffect(() => begin(), [])

  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation()
    if (event.key === 'Escape') {
      if (recipe === null) close()
      else setRecipe(null)
    }
    const inField = !(event.target instanceof HTMLButtonElement)
    if (event.key === 'Enter' && inField && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault()
      submit()
    }
  }

  const { from, to } = view.state.field(askRange) ?? { from: 0, to: 0 }
  const { doc } = view.state
  // A selection that ends before the first character of a line does not mean that line.
  const last = to > from && doc.lineAt(to).from === to ? to - 1 : to
  const lines = doc.lineAt(last).number - doc.lineAt(from).number + 1
  const writes = from === to && scope === 'here'
  const about = {
    here: writes ? 'Write at the cursor' : `Change ${plural(lines, 'line')}`,
    file: 'Change this file',
    everywhere: 'Change every file in which the name occurs',
    chosen: `Change ${plural(chosen.length + 1, 'file')}`,
  }[scope]
  return (
    <form className="ask" aria-label={`${about} with the assistant`} onSubmit={submit}>
      <div className="ask-line">
        <span className="ask-sign" aria-hidden>
          ✳
        </span>
        {recipe === null ? (
          <textarea
            value={instruction}
            rows={1}
            autoFocus
            placeholder={writes ? 'What should be written here?' : 'What should become of it?'}
            aria-label="Instruction"
            disabled={busy}
            onChange={(event) => setInstruction(event.target.value)}
            onKeyDown={onKeyDown}
          />
        ) : (
          <div className="ask-words" onKeyDown={onKeyDown}>
            <strong>{recipe.name}</strong>
            {recipe.placeholders.map((name, number) => (
              <input
                key={name}
                value={words[name] ?? ''}
                maxLength={200}
                autoFocus={number === 0}
                placeholder={name}
                aria-label={name}
                disabled={busy}
                onChange={(event) => setWords({ ...words, [name]: event.target.value })}
              />
            ))}
          </div>
        )}
        <Button type="submit" look="primary" small disabled={busy || !connected || !ready}>
          {busy ? 'Asking…' : 'Ask'}
        </Button>
        <Button look="quiet" small onClick={close}>
          Cancel
        </Button>
      </div>
      {recipe === null ? (
        <RecipeButtons
          recipes={recipes.filter((one) => fits(one, !writes))}
          disabled={busy || !connected}
          onChoose={choose}
          onKeyDown={onKeyDown}
        />
      ) : null}
      <AskScope
        selected={from !== to}
        scope={scope}
        onScope={setScope}
        path={path}
        chosen={chosen}
        onChosen={setChosen}
      />
      <p className="ask-foot">
        {!connected ? (
          <span className="problem" role="alert">
            While you are offline the assistant cannot be asked. What you write here is kept until you are back.
          </span>
        ) : problem === null ? (
          <>
            {about}. Everyone in {scope === 'here' || scope === 'file' ? 'this file' : 'these files'} sees{' '}
            {writes ? 'it being written' : 'the proposal'}.
            {status === null || status.outage ? null : ` ${status.configured ? 'Model: ' : ''}${status.label}`}
            <OutageNote className="ask-outage" />
            <BudgetNote />
          </>
        ) : (
          <span className="problem" role="alert">
            {problem}
          </span>
        )}
      </p>
    </form>
  )
}
