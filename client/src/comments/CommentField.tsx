import { type KeyboardEvent, type SyntheticEvent, useState } from 'react'
import { modKey } from '../lib/keys'
import { Button } from '../ui/Button'

/** As the server takes them. */
const longest = 10_000

interface CommentFieldProps {
  label: string
  placeholder: string
  action: string
  text?: string
  autoFocus?: boolean
  /** Resolves to whether it arrived; what did not stays in the field. */
  onSend: (text: string) => Promise<boolean>
  onCancel?: () => void
}

/** Where a comment is written. */
export function CommentField({
  label,
  placeholder,
  action,
  text = '',
  autoFocus = false,
  onSend,
  onCancel,
}: CommentFieldProps) {
  const [typed, setTyped] = useState(text)
  const [busy, setBusy] = useState(false)
  const empty = typed.trim() === ''
  const send = async (event?: SyntheticEvent) => {
    event?.preventDefault()
    if (busy || empty) return
    setBusy(true)
    const arrived = await onSend(typed)
    setBusy(false)
    if (arrived) setTyped('')
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
      void send(event)
    } else if (event.key === 'Escape' && onCancel !== undefined) {
      event.stopPropagation()
      onCancel()
    }
  }
  return (
    <form className="comment-field" onSubmit={(event) => void send(event)}>
      <textarea
        value={typed}
        rows={2}
        maxLength={longest}
        placeholder={placeholder}
        aria-label={label}
        autoFocus={autoFocus}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="row">
        <Button type="submit" small look="primary" disabled={busy || empty} title={modKey('Enter')}>
          {action}
        </Button>
        {onCancel === undefined ? null : (
          <Button small look="quiet" onClick={onCancel}>
            Cancel
          </Button>
        )}
      </div>
    </form>
  )
}
