import { useEffect, useState } from 'react'
import { formatWhen } from '../lib/format'

/** What `/readyz` says, as far as it concerns whoever waits for *Saved*. */
export interface Readiness {
  parts: Record<string, string>
  since: Record<string, string>
}

/** Milliseconds between two questions while somebody waits. */
const interval = 3_000

const names: [part: string, name: string][] = [
  ['database', 'database'],
  ['log', 'database'],
  ['object_store', 'file storage'],
]

/** Which part keeps edits from being saved, and since when; null when the server knows of none. */
export function outageIn({ parts, since }: Readiness): string | null {
  const away = names.find(([part]) => parts[part] !== undefined && parts[part] !== 'ok')
  if (away === undefined) return null
  const [part, name] = away
  const began = since[part]
  return began === undefined
    ? `the server’s ${name} does not answer`
    : `the server’s ${name} has been away since ${formatWhen(began)}`
}

async function ask(signal: AbortSignal): Promise<string | null> {
  // 503 carries the same document as 200.
  const response = await fetch('/readyz', { signal, credentials: 'same-origin' })
  return outageIn((await response.json()) as Readiness)
}

/** While ``waiting``: what the server itself says about why. */
export function useOutage(waiting: boolean): string | null {
  const [outage, setOutage] = useState<string | null>(null)
  useEffect(() => {
    if (!waiting) return undefined
    const ending = new AbortController()
    const look = () =>
      void ask(ending.signal).then(setOutage, () => {
        // A server that cannot even say so; the connection tells the rest.
      })
    look()
    const timer = setInterval(look, interval)
    return () => {
      clearInterval(timer)
      ending.abort()
      setOutage(null)
    }
  }, [waiting])
  return waiting ? outage : null
}
