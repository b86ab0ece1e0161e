import { ArrowUp, AtSign } from 'lucide-react'
import { type KeyboardEvent, type RefObject, type SyntheticEvent, useId, useMemo, useState } from 'react'
import { bestPaths } from '../lib/fuzzy'
import { BudgetNote } from '../assistant/BudgetNote'
import { baseName } from '../lib/paths'
import { IconButton } from '../ui/Button'
import { tellProblem } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { choiceId, FileChoices } from './FileChoices'
import { mentionAt, mentioned, mentionOf } from './mentions'
import { useChoice } from '../ui/useChoice'
import { useFilePaths } from './useFilePaths'

const mostShown = 8

/** The files that fit the mention being typed at `cursor`, and what puts one of them into the text. */
function useMentioning(text: string, cursor: number | null) {
  const files = useFilePaths()
  // The "@" whose list somebody has closed; it stays closed until another one is typed.
  const [closed, setClosed] = useState<number | null>(null)
  const typed = cursor === null ? null : mentionAt(text, cursor)
  const [start, query] = [typed?.start ?? null, typed?.query ?? '']
  const paths = useMemo(() => {
    if (start === null || start === closed) return []
    const best = bestPaths(files, query, mostShown)
    // A name that is there in full needs no list, which would take the Enter that is meant to send it.
    return best[0] === query ? [] : best
  }, [files, start, query, closed])
  const put = (path: string): { text: string; cursor: number } => {
    const from = start ?? text.length
    const behind = text.slice(cursor ?? text.length).replace(/^ /, '')
    const before = `${text.slice(0, from)}${mentionOf(path)} `
    return { text: before + behind, cursor: before.length }
  }
  return { paths, put, close: () => setClosed(start), reopen: () => setClosed(null) }
}

/** A question to the assistant; with the open file as what it is about, unless one takes it away. */
export function Composer({ path, ref }: { path: string | null; ref: RefObject<HTMLTextAreaElement | null> }) {
  const { chat, tree } = useWorkspace()
  const [text, setText] = useState('')
  const [cursor, setCursor] = useState<number | null>(null)
  const [withFile, setWithFile] = useState(true)
  const [busy, setBusy] = useState(false)
  const listId = useId()
  const mentioning = useMentioning(text, cursor)

  const change = (next: string, at: number) => {
    if (ref.current === null) return
    ref.current.focus()
    // Through the field itself, so that its own undo knows of it, as far as the browser lets us.
    ref.current.value = next
    ref.current.setSelectionRange(at, at)
    setText(next)
    setCursor(at)
  }
  const choose = (chosen: string) => {
    const put = mentioning.put(chosen)
    change(put.text, put.cursor)
  }
  const choice = useChoice(mentioning.paths, choose, mentioning.close)
  const open = mentioning.paths.length > 0

  const send = async (event?: SyntheticEvent) => {
    event?.preventDefault()
    if (busy || text.trim() === '') return
    setBusy(true)
    try {
      const { byPath } = tree.tree.get()
      const mentions = mentioned(text, (one) => byPath.get(one)?.kind === 'text')
      await chat.ask(text.trim(), withFile ? path : null, mentions)
      setText('')
      setCursor(null)
    } catch (error) {
      // The question stays in the box, to be sent again.
      tellProblem('The question was not sent', error)
    } finally {
      setBusy(false)
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (choice.onKey(event)) return
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    void send()
  }
  const startMention = () => {
    const at = ref.current?.selectionStart ?? text.length
    const sign = at === 0 || /\s$/.test(text.slice(0, at)) ? '@' : ' @'
    mentioning.reopen()
    change(text.slice(0, at) + sign + text.slice(at), at + sign.length)
  }
  return (
    <form className="composer" onSubmit={(event) => void send(event)}>
      {open ? (
        <FileChoices
          id={listId}
          paths={mentioning.paths}
          active={choice.active}
          onChoose={choose}
          onActive={choice.setActive}
        />
      ) : null}
      <textarea
        ref={ref}
        value={text}
        rows={3}
        placeholder="Ask the assistant… @ names a file"
        aria-label="Your question"
        aria-autocomplete="list"
        aria-controls={open ? listId : undefined}
        aria-activedescendant={open ? choiceId(listId, choice.active) : undefined}
        onChange={(event) => {
          setText(event.target.value)
          setCursor(event.target.selectionStart)
        }}
        onSelect={(event) => setCursor(event.currentTarget.selectionStart)}
        onBlur={() => setCursor(null)}
        onKeyDown={onKeyDown}
      />
      <BudgetNote key={busy ? 'asked' : 'asking'} />
      <div className="composer-foot">
        <IconButton label="Name a file" keys="@" side="top" onClick={startMention}>
          <AtSign />
        </IconButton>
        {path === null ? (
          <span className="composer-about" />
        ) : (
          <label className="check composer-about">
            <input type="checkbox" checked={withFile} onChange={(event) => setWithFile(event.target.checked)} />
            <span className="composer-file">
              about <bdi>{baseName(path)}</bdi>
            </span>
          </label>
        )}
        <IconButton
          label="Send"
          keys="Enter"
          side="top"
          type="submit"
          className="send"
          disabled={busy || text.trim() === ''}
        >
          <ArrowUp />
        </IconButton>
      </div>
    </form>
  )
}
