import { useState } from 'react'
import { Button } from './Button'
import { attempt } from './toasts'

/** Something that is shown to be copied. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const [copied, setCopied] = useState<string | null>(null)
  const copy = async () => {
    await navigator.clipboard.writeText(value)
    setCopied(value)
  }
  return (
    <div className="copy-field">
      <input aria-label={label} value={value} readOnly onFocus={(event) => event.currentTarget.select()} />
      <Button small onClick={() => void attempt('It was not copied; select it and copy it by hand', copy)}>
        {copied === value ? 'Copied' : 'Copy'}
      </Button>
    </div>
  )
}
