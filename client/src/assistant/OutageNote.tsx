import { formatWhen } from '../lib/format'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'

/** That the model does not answer, and who does instead; nothing while all is well. */
export function OutageNote({ className }: { className: string }) {
  const outage = useStore(useWorkspace().assistant)?.outage ?? null
  if (outage === null) return null
  return (
    <span className={className} role="status">
      <strong>{outage.model} is not answering</strong> since {formatWhen(outage.since)}. The built-in assistant answers
      instead.
    </span>
  )
}
