import { ArrowUp } from 'lucide-react'
import { type SyntheticEvent, type KeyboardEvent, type Ref, useState } from 'react'
import { BudgetNote } from '../assistant/BudgetNote'
import { baseName } from '../lib/paths'
import { IconButton } from '../ui/Button'
import { tellProblem } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'

/** A question to the assistant; with the open file as what it is about, unless one takes it away. */
export function Composer({ path, ref }: { path: string | null; ref: Ref<HTMLTextAreaElement> }) {
  const { chat } = useWorkspace()
  const [text, setText] = useState('')
  const [withFile, setWithFile] = useState(true)
  const [busy, setBusy] = useState(false)

  const send = async (event?: SyntheticEvent) => {
    event?.preventDefault()
    if (busy || text.trim() === '') return
    setBusy(true)
    try {
      await chat.ask(text.trim(), withFile ? path : null)
      setText('')
    } catch (error) {
      // The question stays in the box, to be sent again.
      tellProblem('The question was not sent', error)
    } finally {
      setBusy(false)
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    void send()
  }
  return (
    <form className="composer" onSubmit={(event) => void send(event)}>
      <textarea
        ref={ref}
        value={text}
        rows={3}
        placeholder="Ask the assistant…"
        aria-label="Your question"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <BudgetNote key={busy ? 'asked' : 'asking'} />
      <div className="composer-foot">
        {path === null ? (
          <span />
        ) : (
          <label className="check">
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
